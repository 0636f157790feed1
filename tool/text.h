/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Text for people: clean, wrapped, on the screen or as an error.
 */

#pragma once

#include <stddef.h>
#include <stdio.h>

/*!
 * \brief Width that lines should have.
 *
 * \return Columns of a screen, or as many as one likes if the output is no terminal: whatever reads
 *         it looks for words in lines.
 */
int text_screen(void);

/*!
 * \brief Ends the program if an allocation has failed.
 *
 * \param ptr  What an allocation has returned.
 *
 * \return The same.
 */
void *need(void *ptr);

/*!
 * \brief Closes a stream that writes to memory; ends the program if that has failed.
 *
 * \param out   Stream.
 * \param text  Where its text is then.
 */
void text_close(FILE *out, char *const *text);

/*!
 * \brief Formats a string.
 *
 * \param fmt  Format of printf.
 *
 * \return String, to be freed.
 */
__attribute__((format(printf, 1, 2))) char *text_format(const char *fmt, ...);

/*!
 * \brief Makes text safe for a screen: valid UTF-8 that can be printed, the rest as `\DDD`.
 *
 * \param data  Text.
 * \param len   Length of the text in octets.
 *
 * \return String, to be freed.
 */
char *text_clean(const void *data, size_t len);

/*!
 * \brief Tells how many columns a clean text takes.
 *
 * \param text  Text.
 *
 * \return Columns.
 */
int text_width(const char *text);

/*!
 * \brief Cuts a line that is not too wide off a clean text, between words where that is possible.
 *
 * \param text   Text, advanced to what is left.
 * \param width  Columns.
 *
 * \return Length of the line in octets.
 */
size_t text_line(const char **text, int width);

/*!
 * \brief Prints a clean text as a paragraph.
 *
 * \param out     Output.
 * \param text    Text.
 * \param indent  Columns to leave free on the left.
 */
void text_paragraph(FILE *out, const char *text, int indent);

/*!
 * \brief Prints an error, one line on the standard error output.
 *
 * \param fmt  Format of printf.
 */
__attribute__((format(printf, 1, 2))) void text_error(const char *fmt, ...);

/*!
 * \brief Prints a warning, one line on the standard error output.
 *
 * \param fmt  Format of printf.
 */
__attribute__((format(printf, 1, 2))) void text_warning(const char *fmt, ...);

/*!
 * \brief Prints what is wrong at a place of a file, one line on the standard error output.
 *
 * \param file    Name of the file.
 * \param line    Line, 0 if it is the file as a whole.
 * \param reason  Reason.
 */
void text_place(const char *file, size_t line, const char *reason);
