/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Domain Connect templates: whatever `import` prints for them is a good map.
 */

#include "commands.h"
#include "fuzz_tool.h"
#include "reader.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	throw_errors_away();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[32];
	const int fd = make_file(data, size, path);
	// Twice, so the second one needs another name.
	char *files[] = { path, path };
	const options_t options = { .timeout = 0 };

	output_t output;
	take_output(&output);
	const int status = command_import(&options, 2, files);
	end_output(&output);
	require(status == STATUS_DONE || status == STATUS_WRONG);
	close(fd);

	if (output.size > 0) {
		require(status == STATUS_DONE);
		mxp_map_t *map = NULL;
		require(mxp_map_read(&map, output.text, output.size, NULL, NULL) == 0);
		require(map->count == 2);
		require(map->records == 2 * map->presets[0].mx_count);
		mxp_map_free(map);
	}
	free(output.text);

	return 0;
}
