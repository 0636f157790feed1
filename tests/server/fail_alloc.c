/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * To be preloaded into a server: lets one allocation fail that is made by the module, or on its
 * behalf. The file $FAIL_ALLOC holds a number, read whenever it is another file: so many of these
 * allocations succeed first; none fails if it is negative. What failed is written to the standard
 * error. With $FAIL_ALLOC_ERRNO, what the module itself allocates with calloc() and strdup() leaves
 * ENOMEM in errno though it succeeds, as POSIX lets it.
 */

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAMES 16

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static long left = -1;
static _Thread_local bool inside;

/*! \brief Tells if an allocation is one whose failure a library does not survive: no news of ours.
 */
static bool is_careless(void *caller)
{
	// GMP ends the process, others use what they have not got.
	static const char *const libraries[] = { "/libgmp.so", "/libgnutls.so", "/libhogweed.so",
		                                 "/libtasn1.so", "/libp11-kit.so" };
	Dl_info info;
	if (dladdr(caller, &info) == 0 || info.dli_fname == NULL) {
		return false;
	}
	for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++) {
		if (strstr(info.dli_fname, libraries[i]) != NULL) {
			return true;
		}
	}
	// libdnssec of Knot DNS 3.2.
	return info.dli_sname != NULL && strcmp(info.dli_sname, "dnssec_sign_new") == 0;
}

/*! \brief Tells if an address is in the module. */
static int find(struct dl_phdr_info *info, size_t size, void *address)
{
	(void)size;
	if (strstr(info->dlpi_name, "mxpreset.so") == NULL) {
		return 0;
	}
	const uintptr_t at = *(uintptr_t *)address - info->dlpi_addr;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		if (segment->p_type == PT_LOAD && at >= segment->p_vaddr &&
		    at < segment->p_vaddr + segment->p_memsz) {
			return 1;
		}
	}
	return 0;
}

static bool is_for_module(void *const *frames, int count)
{
	for (int i = 0; i < count; i++) {
		uintptr_t address = (uintptr_t)frames[i];
		if (dl_iterate_phdr(find, &address) != 0) {
			return true;
		}
	}
	return false;
}

/*! \brief Reads the number if the file is another one. */
static void look(void)
{
	static uint64_t seen;
	struct stat st;
	const char *path = getenv("FAIL_ALLOC");
	if (path == NULL || stat(path, &st) != 0) {
		return;
	}
	const uint64_t state = (uint64_t)st.st_ino * 1000000007 +
	                       (uint64_t)st.st_mtim.tv_sec * 1000000000 +
	                       (uint64_t)st.st_mtim.tv_nsec;
	if (__atomic_exchange_n(&seen, state, __ATOMIC_RELAXED) == state) {
		return;
	}
	char text[16] = "";
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	__atomic_store_n(&left, strtol(text, NULL, 10), __ATOMIC_RELAXED);
}

static bool is_due(void)
{
	if (inside) {
		return false;
	}
	const int error = errno;
	inside = true;
	look();
	bool due = false;
	if (__atomic_load_n(&left, __ATOMIC_RELAXED) >= 0) {
		void *frames[FRAMES];
		const int count = backtrace(frames, FRAMES);
		// The first two frames are here.
		due = count > 2 && !is_careless(frames[2]) && is_for_module(frames, count) &&
		      __atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED) == 0;
		if (due) {
			static const char text[] = "an allocation fails\n";
			(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
			backtrace_symbols_fd(frames, count, STDERR_FILENO);
		}
	}
	inside = false;
	errno = error;
	return due;
}

__attribute__((constructor)) static void begin(void)
{
	void *frames[1];
	inside = true;
	(void)backtrace(frames, 1); // The first one allocates.
	inside = false;
}

static void *fail(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t size)
{
	return is_due() ? fail() : __libc_malloc(size);
}

/*! \brief Leaves something in errno after a success of the module's. */
static void leave_errno(void *caller)
{
	uintptr_t address = (uintptr_t)caller;
	if (getenv("FAIL_ALLOC_ERRNO") != NULL && dl_iterate_phdr(find, &address) != 0) {
		errno = ENOMEM;
	}
}

void *calloc(size_t count, size_t size)
{
	if (is_due()) {
		return fail();
	}
	void *memory = __libc_calloc(count, size);
	leave_errno(__builtin_return_address(0));
	return memory;
}

char *strdup(const char *text)
{
	const size_t size = strlen(text) + 1;
	char *copy = malloc(size);
	if (copy != NULL) {
		memcpy(copy, text, size);
		leave_errno(__builtin_return_address(0));
	}
	return copy;
}

void *realloc(void *ptr, size_t size)
{
	return is_due() ? fail() : __libc_realloc(ptr, size);
}
