/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "progress.h"
#include "text.h"

/*! Columns of a screen. */
#define SCREEN_WIDTH 80

void *need(void *ptr)
{
	if (ptr == NULL) {
		fputs("error: not enough memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return ptr;
}

void text_close(FILE *out, char *const *text)
{
	// Without memory for the end, the C library closes it without a word, and there is no text.
	const int ret = fclose(out);
	need(ret == 0 ? *text : NULL);
}

__attribute__((format(printf, 1, 0))) static char *format(const char *fmt, va_list args)
{
	char *text = NULL;
	return need(vasprintf(&text, fmt, args) >= 0 ? text : NULL);
}

char *text_format(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = format(fmt, args);
	va_end(args);

	return text;
}

/*! \brief Length of the next character, 0 if it cannot be printed. */
static size_t printable(const char *text, size_t len, wchar_t *ch)
{
	mbstate_t state = { 0 };
	const size_t size = mbrtowc(ch, text, len, &state);
	return size <= len && iswprint((wint_t)*ch) ? size : 0;
}

char *text_clean(const void *data, size_t len)
{
	char *out = need(malloc(4 * len + 1));
	char *end = out;
	const char *text = data;
	while (len > 0) {
		wchar_t ch = 0;
		size_t size = printable(text, len, &ch);
		if (size > 0) {
			memcpy(end, text, size);
			end += size;
		} else {
			size = 1;
			end += sprintf(end, "\\%03u", (unsigned char)*text);
		}
		text += size;
		len -= size;
	}
	*end = '\0';

	return out;
}

int text_width(const char *text)
{
	int width = 0;
	wchar_t ch = 0;
	size_t size;
	while (*text != '\0' && (size = printable(text, strlen(text), &ch)) > 0) {
		const int columns = wcwidth(ch);
		width += columns > 0 ? columns : 0;
		text += size;
	}
	return width;
}

size_t text_line(const char **text, int width)
{
	const char *line = *text;
	const char *end = line;
	while (true) {
		const char *word = end + strspn(end, " ");
		const size_t len = strcspn(word, " ");
		char *upto = need(strndup(line, (size_t)(word - line) + len));
		const bool fits = text_width(upto) <= width;
		free(upto);
		if (len == 0 || (!fits && end != line)) {
			*text = word;
			return (size_t)(end - line);
		}
		end = word + len;
	}
}

int text_screen(void)
{
	return isatty(STDOUT_FILENO) ? SCREEN_WIDTH : INT_MAX;
}

void text_paragraph(FILE *out, const char *text, int indent)
{
	while (*text != '\0') {
		const char *line = text;
		const size_t len = text_line(&text, text_screen() - indent);
		fprintf(out, "%*s%.*s\n", indent, "", (int)len, line);
	}
}

__attribute__((format(printf, 2, 0))) static void print_message(const char *label, const char *fmt,
                                                                va_list args)
{
	progress_clear();
	char *message = format(fmt, args);
	char *clean = text_clean(message, strlen(message));
	fprintf(stderr, "%s%s\n", label, clean);
	free(clean);
	free(message);
}

void text_error(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	print_message("error: ", fmt, args);
	va_end(args);
}

void text_warning(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	print_message("warning: ", fmt, args);
	va_end(args);
}

__attribute__((format(printf, 1, 2))) static void print_line(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	print_message("", fmt, args);
	va_end(args);
}

void text_place(const char *file, size_t line, const char *reason)
{
	if (line > 0) {
		print_line("%s:%zu: %s", file, line, reason);
	} else {
		print_line("%s: %s", file, reason);
	}
}
