/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A PKCS #11 module that is SoftHSM, but takes as many milliseconds for each signature as the file
 * $SLOW_TOKEN says, if there is one.
 */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <p11-kit/pkcs11.h>

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"

static CK_FUNCTION_LIST slow;
static CK_FUNCTION_LIST *token;

static void wait_as_told(void)
{
	long ms = 0;
	const char *path = getenv("SLOW_TOKEN");
	FILE *file = path != NULL ? fopen(path, "r") : NULL;
	if (file != NULL) {
		if (fscanf(file, "%ld", &ms) != 1) {
			ms = 0;
		}
		fclose(file);
	}
	const struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	(void)nanosleep(&wait, NULL);
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, unsigned long len,
                  unsigned char *signature, unsigned long *signature_len)
{
	wait_as_told();
	return token->C_Sign(session, data, len, signature, signature_len);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	void *library = dlopen(SOFTHSM, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = library != NULL ? dlsym(library, "C_GetFunctionList") : NULL;
	if (get == NULL || get(&token) != CKR_OK) {
		return CKR_GENERAL_ERROR;
	}
	slow = *token;
	slow.C_Sign = sign;
	*list = &slow;

	return CKR_OK;
}
