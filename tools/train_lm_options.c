// SPDX-License-Identifier: MIT
#include <string.h>

#include "train_lm_options.h"

enum {
	OPT_DATA = 256,
	OPT_OUT,
	OPT_TYPE,
	OPT_CHECKPOINT,
	OPT_RESUME,
	OPT_EVAL,
	OPT_SETTING, /* and one more for each of enum lm_setting */
};

#define SETTING(which) (OPT_SETTING + (which))

static const struct argp_option options[] = {
	{"data", OPT_DATA, "FILE", 0, "the text, in UTF-8 (required); its last tenth validates", 0},
	{"out", OPT_OUT, "FILE", 0, "write the model as a GGUF file", 0},
	{"type", OPT_TYPE, "TYPE", 0, "of its matrices: f32, f16 or bf16 (default f32)", 0},
	{NULL, 0, NULL, 0, "Training:", 1},
	{"steps", SETTING(LM_STEPS), "N", 0,
	 "stop after step N, counted from the beginning of training (default 500)", 1},
	{"batch", 'b', "N", 0, "sequences in a step (default 8)", 1},
	{"lr", SETTING(LM_RATE), "RATE", 0, "the largest learning rate (default 0.002)", 1},
	{"min-lr", SETTING(LM_MIN_RATE), "RATE", 0, "the rate at the end (default a tenth of --lr)",
	 1},
	{"warmup", SETTING(LM_WARMUP), "N", 0,
	 "steps in which the rate rises (default a tenth of --steps, at most 100)", 1},
	{"decay", SETTING(LM_DECAY), "D", 0, "weight decay of matrices (default 0.1)", 1},
	{"clip", SETTING(LM_CLIP), "NORM", 0,
	 "largest norm of all gradients together (0: no limit; default 1)", 1},
	{"seed", 's', "N", 0, "seed of the weights and of the data's order (default 1)", 1},
	{NULL, 0, NULL, 0, "Model:", 2},
	{"vocab", SETTING(LM_VOCAB), "N", 0, "tokens, at most (default 2048)", 2},
	{"embed", SETTING(LM_EMBED), "N", 0, "width (default 256)", 2},
	{"layers", SETTING(LM_LAYERS), "N", 0, "layers (default 4)", 2},
	{"heads", SETTING(LM_HEADS), "N", 0, "attention heads (default 8)", 2},
	{"kv-heads", SETTING(LM_KV_HEADS), "N", 0, "heads of keys and values (default 4)", 2},
	{"ff", SETTING(LM_FF), "N", 0, "width of the feed-forward layers (default 704)", 2},
	{"context", 'c', "N", 0, "tokens of a sequence (default 256)", 2},
	{"tied", SETTING(LM_TIED), NULL, 0, "use the embedding as output matrix, too", 2},
	{NULL, 0, NULL, 0, "Checkpoints:", 3},
	{"checkpoint", OPT_CHECKPOINT, "FILE", 0,
	 "write a checkpoint, in safetensors, at the end and every --save-every steps", 3},
	{"resume", OPT_RESUME, "FILE", 0, "go on from a checkpoint, with its settings", 3},
	{"eval", OPT_EVAL, "FILE", 0,
	 "only score a checkpoint, or a GGUF file made so, on the text's validation part", 3},
	{0}};

static const char doc[] =
	"Train a language model of the llama architecture, and its tokenizer, on a text.\v"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

static const struct {
	const char *name;
	enum quant_id id;
} types[] = {{"f32", QUANT_F32}, {"f16", QUANT_F16}, {"bf16", QUANT_BF16}};

static void parse_type(struct argp_state *state, struct train_lm_options *o, const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].name, name)) {
			o->type = types[i].id;
			return;
		}
	argp_error(state, "--type: expected f32, f16 or bf16, found '%s'", name);
}

static void set(struct argp_state *state, enum lm_setting setting, const char *text)
{
	struct train_lm_options *o = state->input;
	char expected[64];

	if (!lm_setting_parse(&o->settings, setting, text ? text : "1", expected))
		argp_error(state, "--%s: expected %s, found '%s'", lm_setting_name(setting),
			   expected, text);
	o->given[setting] = true;
}

static void check(struct argp_state *state, const struct train_lm_options *o)
{
	if (!o->data)
		argp_error(state, "expected a text, found none; give --data FILE");
	if (o->eval && (o->resume || o->out || o->checkpoint || o->given[LM_STEPS]))
		argp_error(state, "--eval: expected no option of training, found one; leave --out, "
				  "--checkpoint, --resume and --steps out");
	if (!o->eval && !o->out && !o->checkpoint)
		argp_error(state, "expected a file to write, found none; give --out FILE or "
				  "--checkpoint FILE");
	if (o->out && o->checkpoint && !strcmp(o->out, o->checkpoint))
		argp_error(state, "--out and --checkpoint: expected two files, found '%s' for both",
			   o->out);
	if (o->common.save_every && !o->checkpoint)
		argp_error(state, "--save-every: expected a file to write; give --checkpoint FILE");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct train_lm_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->common; break;
	case OPT_DATA: o->data = arg; break;
	case OPT_OUT: o->out = arg; break;
	case OPT_TYPE: parse_type(state, o, arg); break;
	case OPT_CHECKPOINT: o->checkpoint = arg; break;
	case OPT_RESUME: o->resume = arg; break;
	case OPT_EVAL: o->eval = arg; break;
	case 'b': set(state, LM_BATCH, arg); break;
	case 's': set(state, LM_SEED, arg); break;
	case 'c': set(state, LM_CONTEXT, arg); break;
	case ARGP_KEY_ARG: argp_error(state, "expected options only, found '%s'", arg); break;
	case ARGP_KEY_END: check(state, o); break;
	default:
		if (key < OPT_SETTING || key >= OPT_SETTING + LM_SETTINGS)
			return ARGP_ERR_UNKNOWN;
		set(state, (enum lm_setting)(key - OPT_SETTING), arg);
	}
	return 0;
}

/* Settings that depend on others, where they were not given. */
static void derive(struct train_lm_options *o)
{
	struct lm_optimizer *opt = &o->settings.optimizer;

	if (!o->given[LM_MIN_RATE])
		opt->min_rate = opt->rate / 10;
	if (!o->given[LM_WARMUP])
		opt->warmup = opt->steps < 1000 ? opt->steps / 10 : 100;
}

void train_lm_options_parse(int argc, char **argv, struct train_lm_options *o)
{
	static const struct argp_child children[] = {{&train_common_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {options, parse_option, NULL, doc, children, NULL, NULL};

	*o = (struct train_lm_options){
		.common = {.report = 10},
		.settings = lm_settings_default,
	};
	argp_parse(&argp, argc, argv, 0, NULL, o);
	derive(o);
}
