#include "commands.h"
int command_diff(const options_t *options, int argc, char **argv)
{
	(void)options;
	(void)argc;
	(void)argv;
	return 2;
}
