/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "text.h"

#define DEFAULT_TIMEOUT_S 60

/*! \brief A command with the numbers of its arguments and its own options. */
typedef struct {
	const char *name;
	const char *options;
	int min;
	int max;
	command_f run;
} command_t;

static const command_t commands[] = {
	{ "check", "stnjb", 1, 1, command_check },
	{ "diff", "stnj", 2, 2, command_diff },
	{ "lint", "stnjopb", 1, 1, command_lint },
	{ "show", "stnjpb", 1, 1, command_show },
	{ "list", "stnj", 0, 1, command_list },
	{ "verify", "stnja", 2, INT_MAX, command_verify },
	{ "add", "stnjpb", 4, 5, command_add },
	{ "del", "stnjpb", 2, 4, command_del },
	{ "use", "stnjpb", 2, INT_MAX, command_use },
	{ "reset", "stnjpb", 1, 1, command_reset },
	{ "adopt", "stnja", 1, 1, command_adopt },
	{ "freeze", "stnja", 1, 1, command_freeze },
	{ "import", "stn", 1, INT_MAX, command_import },
};

static void print_help(FILE *out)
{
	fputs("usage: kmxpreset [OPTION ...] COMMAND ARGUMENT ...\n"
	      "  check MAP|-                         check a preset map and print it\n"
	      "  diff OLD NEW                        what a new preset map changes\n"
	      "  lint ZONEFILE                       what would be served for the zone, and why\n"
	      "  show ZONE                           the same for a zone of the running server\n"
	      "  list [SOURCE[=PRESET]]              the same in a line for each of its zones\n"
	      "  verify ZONE|-a SERVER ...           compare what other servers answer\n"
	      "  add ZONE HOST PRIORITY VALUE [TTL]  add an MX record\n"
	      "  del ZONE HOST [PRIORITY VALUE]      remove one MX record, or all of HOST\n"
	      "  use ZONE PRESET [PARAM=VALUE ...]   set the marker that picks a preset\n"
	      "  reset ZONE                          remove the zone's own MX and its marker\n"
	      "  adopt ZONE|-a                       remove stored MX that are the built-in's\n"
	      "  freeze ZONE|-a                      store what the module serves\n"
	      "  import TEMPLATE.json ...            make map lines of Domain Connect templates\n"
	      "  -s SOCKET   control socket of knotd (" SOCKET_PATH ")\n"
	      "  -t SECONDS  longest wait for knotd, 0 for ever (60)\n"
	      "  -a, -n, -j  all zones; dry run, change nothing; output is JSON\n"
	      "  -o ORIGIN   lint: name of the zone\n"
	      "  -p MAP      preset map (" CONFIG_DIR "/mx-presets.zone)\n"
	      "  -b BUILTIN  built-in preset (house); check: must be there, may repeat\n"
	      "  -h, -V      this help, the version\n",
	      out);
}

static int usage(const char *reason, const char *what)
{
	text_error("%s%s; see kmxpreset -h", reason, what);
	return STATUS_USAGE;
}

static bool read_timeout(const char *text, int *timeout)
{
	char *end = NULL;
	const long seconds = strtol(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '\0' || seconds > INT_MAX / 1000) {
		return false;
	}
	*timeout = (int)(seconds * 1000);
	return true;
}

static const command_t *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

/*! \brief Takes `-a` that stands in the place of the zone, as well as before the command. */
static bool stands_for_zone(const command_t *command, const char *argument)
{
	return argument != NULL && strcmp(argument, "-a") == 0 &&
	       strchr(command->options, 'a') != NULL;
}

/*! \brief Tells if an argument can be nothing but an option: a stored name may begin with "-". */
static bool is_option(const char *argument)
{
	return argument[0] == '-' &&
	       (argument[1] == '-' || (isalpha((unsigned char)argument[1]) && argument[2] == '\0'));
}

/*! \brief Checks how a command is called and runs it. */
static int run(options_t *options, const char *given, int argc, char **argv)
{
	if (argc == 0) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	const command_t *command = find_command(argv[0]);
	if (command == NULL) {
		return usage("no such COMMAND: ", argv[0]);
	}
	if (stands_for_zone(command, argv[1])) {
		options->all = true;
		argc--;
		argv++;
	}
	for (int i = 1; i < argc; i++) {
		if (is_option(argv[i])) {
			return usage("options stand before the COMMAND: ", argv[i]);
		}
	}
	for (const char *option = given; *option != '\0'; option++) {
		if (strchr(command->options, *option) == NULL) {
			const char name[] = { '-', *option, '\0' };
			return usage("this COMMAND does not take the option ", name);
		}
	}
	argc--;
	argv++;
	// All zones stand for the one that is named.
	const int named = options->all ? argc + 1 : argc;
	if (named < command->min || named > command->max) {
		return usage(named < command->min ? "missing ARGUMENT of "
		                                  : "too many ARGUMENTS of ",
		             command->name);
	}
	return command->run(options, argc, argv);
}

/*! \brief Reads the options and runs the command. There is room for one name an argument. */
static int call(int argc, char **argv, const char **built_ins)
{
	static const struct option names[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	options_t options = {
		.socket = SOCKET_PATH,
		.timeout = DEFAULT_TIMEOUT_S * 1000,
		.names = built_ins,
	};
	char given[sizeof("stnjopba")] = "";
	int opt;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:s:t:njo:p:b:ahV", names, NULL)) != -1) {
		switch (opt) {
		case 's':
			options.socket = optarg;
			options.asks_server = true;
			break;
		case 't':
			if (!read_timeout(optarg, &options.timeout)) {
				return usage("-t takes a number of seconds, not ", optarg);
			}
			break;
		case 'n':
			options.dry_run = true;
			break;
		case 'a':
			options.all = true;
			break;
		case 'j':
			options.json = true;
			break;
		case 'o':
			options.origin = optarg;
			break;
		case 'p':
			options.map = optarg;
			break;
		case 'b':
			options.builtin = optarg;
			built_ins[options.name_count++] = optarg;
			break;
		case 'h':
			print_help(stdout);
			return STATUS_DONE;
		case 'V':
			puts("kmxpreset " MXP_VERSION);
			return STATUS_DONE;
		case ':':
			return usage("missing value of the option ",
			             (const char[]){ '-', (char)optopt, '\0' });
		default:
			return usage("no such OPTION: ",
			             optopt != 0 ? (const char[]){ '-', (char)optopt, '\0' }
			                         : argv[optind - 1]);
		}
		if (strchr(given, opt) == NULL) {
			given[strlen(given)] = (char)opt;
		}
	}
	return run(&options, given, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	// Independent of the user's: names are UTF-8 in, and out.
	(void)setlocale(LC_CTYPE, "C.UTF-8");

	// Each of them takes a letter at least: -bNAME.
	const char **built_ins = need(calloc((size_t)argc + 1, sizeof(*built_ins)));
	const int status = call(argc, argv, built_ins);
	free((void *)built_ins);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		text_error("the output cannot be written%s",
		           status == STATUS_DONE ? "; all else is done" : "");
		return STATUS_WRONG;
	}
	return status;
}
