/* SPDX-License-Identifier: MIT */
/*
 * Learns a vocabulary for byte-level BPE from a text: the pair of tokens that most often stand
 * beside each other within a word becomes a token, over and over. Of pairs equally frequent the one
 * with the smaller tokens goes first, so that a text and a size have one vocabulary.
 */
#ifndef AXON_RUNTIME_BPE_TRAIN_H
#define AXON_RUNTIME_BPE_TRAIN_H

#include <stddef.h>

#include "bpe_vocab.h"

/*
 * At most @size tokens, BPE_MIN_SIZE to BPE_MAX_SIZE; fewer when no pair occurs twice. The text is
 * valid UTF-8. Free the result also after an error.
 */
int bpe_train(const char *text, size_t len, uint32_t size, struct bpe_vocab *v,
	      struct axon_err *err);

#endif
