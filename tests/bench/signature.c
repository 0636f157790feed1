/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a signature costs that is made with a key from its file, against the library's bare signing
 * with a key in memory. Prints both, in microseconds of CPU time: the best of many rounds.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <urcu.h>

#include "keyring.h"
#include "libdnssec.h"
#include "retire.h"

#define ROUNDS 20
#define EACH   100
#define ZSK    256
#define ECDSA  13

/*! As much as is signed for two MX records. */
static uint8_t text[200];
static const dnssec_binary_t data = { .size = sizeof(text), .data = text };

static double cpu_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void check(int ret)
{
	if (ret != 0) {
		fprintf(stderr, "error %i\n", ret);
		exit(1);
	}
}

/*! \brief Makes a key in a folder, and loads it. */
static dnssec_key_t *make_key(const char *folder)
{
	dnssec_keystore_t *store = NULL;
	dnssec_key_t *key = NULL;
	char *id = NULL;
	check(dnssec_keystore_init_pkcs8(&store));
	check(dnssec_keystore_init(store, folder));
	check(dnssec_keystore_open(store, folder));
	check(dnssec_keystore_generate(store, ECDSA, ZSK, NULL, &id));
	check(dnssec_key_new(&key));
	check(dnssec_key_set_algorithm(key, ECDSA));
	check(dnssec_key_set_flags(key, ZSK));
	check(dnssec_keystore_get_private(store, id, key));
	dnssec_keystore_deinit(store);
	free(id);
	return key;
}

static void sign_bare(dnssec_key_t *key)
{
	dnssec_binary_t out = { 0 };
	dnssec_sign_ctx_t *ctx = NULL;
	check(dnssec_sign_new(&ctx, key));
	check(dnssec_sign_add(ctx, &data));
	check(dnssec_sign_write(ctx, DNSSEC_SIGN_NORMAL, &out));
	dnssec_sign_free(ctx);
	dnssec_binary_free(&out);
}

static void sign_from_file(const char *keystores, const knot_rdata_t *dnskey)
{
	dnssec_binary_t out = { 0 };
	check(mxp_keyring_sign(keystores, dnskey, &data, &out));
	dnssec_binary_free(&out);
	mxp_keyring_clear();
	mxp_retired_free(mxp_retired_detach());
}

int main(int argc, char **argv)
{
	char keystores[256];
	dnssec_binary_t rdata;
	if (argc != 2) {
		return 2;
	}
	rcu_register_thread();
	dnssec_crypto_init();
	snprintf(keystores, sizeof(keystores), "%c%s", MXP_KEYSTORE_PEM, argv[1]);
	dnssec_key_t *key = make_key(argv[1]);
	check(dnssec_key_get_rdata(key, &rdata));
	knot_rdata_t *dnskey = malloc(knot_rdata_size((uint16_t)rdata.size));
	knot_rdata_init(dnskey, (uint16_t)rdata.size, rdata.data);

	double best[2] = { 1e9, 1e9 };
	for (size_t round = 0; round < ROUNDS; round++) {
		const double start = cpu_us();
		for (size_t i = 0; i < EACH; i++) {
			sign_bare(key);
		}
		const double middle = cpu_us();
		for (size_t i = 0; i < EACH; i++) {
			sign_from_file(keystores, dnskey);
		}
		const double times[2] = { middle - start, cpu_us() - middle };
		for (size_t i = 0; i < 2; i++) {
			best[i] = times[i] < best[i] ? times[i] : best[i];
		}
	}
	printf("%.2f %.2f\n", best[0] / EACH, best[1] / EACH);

	dnssec_key_free(key);
	free(dnskey);
	dnssec_crypto_cleanup();
	rcu_unregister_thread();
	return 0;
}
