/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_AER_H
#define AXON_AER_H

struct pci_error_handlers;

extern const struct pci_error_handlers axon_aer_handlers;

#endif
