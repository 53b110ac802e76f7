// SPDX-License-Identifier: MIT
/*
 * Chat templates. The expected texts are what the models' own Jinja templates give, less the
 * beginning token that the tokenizer adds.
 */
#include <errno.h>
#include <stdlib.h>

#include "chat.h"
#include "gguf_builder.h"
#include "unit.h"

static const struct chat_message talk[] = {
	{"system", "Be brief. "},
	{"user", "  Hi there \n"},
	{"assistant", "Hello!"},
	{"user", "Why?"},
};

static void renders(enum chat_template t, const struct chat_message *m, size_t n, bool open,
		    const char *eos, const char *expected)
{
	struct axon_err err = {};
	char *text;

	assert_int_equal(chat_apply(t, m, n, open, eos, &text, &err), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void test_chatml(void **state)
{
	(void)state;
	renders(CHAT_CHATML, talk, 4, true, "",
		"<|im_start|>system\nBe brief. <|im_end|>\n<|im_start|>user\n  Hi there "
		"\n<|im_end|>\n"
		"<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n"
		"<|im_start|>assistant\n");
	renders(CHAT_CHATML, talk + 3, 1, false, "", "<|im_start|>user\nWhy?<|im_end|>\n");
}

static void test_gemma(void **state)
{
	(void)state;
	renders(CHAT_GEMMA, talk, 4, true, "<eos>",
		"<start_of_turn>user\nBe brief. \n\nHi there<end_of_turn>\n"
		"<start_of_turn>model\nHello!<end_of_turn>\n"
		"<start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n");
	renders(CHAT_GEMMA, talk + 1, 1, false, "", "<start_of_turn>user\nHi there<end_of_turn>\n");
}

static void test_llama3(void **state)
{
	(void)state;
	renders(CHAT_LLAMA3, talk, 4, true, "<|eot_id|>",
		"<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
		"<|start_header_id|>user<|end_header_id|>\n\nHi there<|eot_id|>"
		"<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>"
		"<|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|>"
		"<|start_header_id|>assistant<|end_header_id|>\n\n");
}

static void test_llama2(void **state)
{
	(void)state;
	renders(CHAT_LLAMA2, talk, 4, true, "</s>",
		"[INST] <<SYS>>\nBe brief. \n<</SYS>>\n\n  Hi there [/INST] Hello! </s>"
		"<s>[INST] Why? [/INST]");
	renders(CHAT_LLAMA2, talk + 3, 1, true, "</s>", "[INST] Why? [/INST]");
}

static void test_zephyr(void **state)
{
	(void)state;
	renders(CHAT_ZEPHYR, talk, 4, true, "</s>",
		"<|system|>\nBe brief. </s>\n<|user|>\n  Hi there "
		"\n</s>\n<|assistant|>\nHello!</s>\n"
		"<|user|>\nWhy?</s>\n<|assistant|>\n");
}

static void test_roles(void **state)
{
	static const struct chat_message odd[] = {{"user", "x"}, {"tool", "y"}};
	struct axon_err err = {};
	char *text = NULL;

	(void)state;
	assert_int_equal(chat_apply(CHAT_CHATML, odd, 2, true, "", &text, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "message 2 has the role 'tool'"));
	assert_null(text);
}

/* The telling lines of published templates. */
static void test_recognise(void **state)
{
	static const struct {
		const char *jinja, *name;
	} known[] = {
		{"{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + "
		 "message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}",
		 "chatml"},
		{"{{ bos_token }}{{ '<start_of_turn>' + role + '\\n' -}}{{ '<end_of_turn>\\n' }}",
		 "gemma"},
		{"{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}", "llama3"},
		{"{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' %}"
		 "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}",
		 "llama2"},
		{"{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + "
		 "eos_token }}",
		 "zephyr"},
		{"{{'<|im_start|>' + role + '<|im_sep|>' }}", NULL},		  /* phi-4 */
		{"{{ '<|user|>\\n' + content + '<|end|>\\n' }} eos_token", NULL}, /* phi-3 */
		{"{{ '[INST] ' + message['content'] + '[/INST]' }}", NULL},	  /* mistral */
		{"{{ 'GPT4 Correct ' + role }}", NULL},
		{"", NULL},
	};
	struct axon_err err = {};
	enum chat_template t;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int ret = chat_template_recognise(known[i].jinja, strlen(known[i].jinja), &t, &err);

		assert_int_equal(ret, known[i].name ? 0 : -EINVAL);
		if (known[i].name)
			assert_string_equal(chat_template_name(t), known[i].name);
		else
			assert_non_null(strstr(err.msg, CHAT_TEMPLATES));
	}
	assert_int_equal(chat_template_by_name("gemma", &t, &err), 0);
	assert_int_equal(t, CHAT_GEMMA);
	assert_int_equal(chat_template_by_name("vicuna", &t, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "'vicuna'"));
}

static void test_of_file(void **state)
{
	struct builder b = {};
	struct axon_err err = {};
	enum chat_template t;
	struct gguf *g;

	(void)state;
	build_header(&b, 0, 0);
	assert_int_equal(build_open(&b, &g, &err), 0);
	assert_int_equal(chat_template_of(g, &t, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "base model"));
	gguf_close(g);
	build_free(&b);
	build_header(&b, 0, 1);
	build_kv_str(&b, "tokenizer.chat_template", "<start_of_turn>");
	assert_int_equal(build_open(&b, &g, &err), 0);
	assert_int_equal(chat_template_of(g, &t, &err), 0);
	assert_int_equal(t, CHAT_GEMMA);
	gguf_close(g);
	build_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chatml),	  cmocka_unit_test(test_gemma),
		cmocka_unit_test(test_llama3),	  cmocka_unit_test(test_llama2),
		cmocka_unit_test(test_zephyr),	  cmocka_unit_test(test_roles),
		cmocka_unit_test(test_recognise), cmocka_unit_test(test_of_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
