// SPDX-License-Identifier: GPL-2.0-only
/*
 * Certificates and keys that the exporter refuses or warns of; made here, by the library that reads
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/secret.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/serve/tls.h"

#define NOW 1800000000 /* some day in 2027 */
#define DAY 86400

static gnutls_x509_privkey_t make_key(void)
{
	gnutls_x509_privkey_t key;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(
		gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	return key;
}

/* PEM, the caller's. */
static char *text_of_key(gnutls_x509_privkey_t key)
{
	gnutls_datum_t text;
	char *copy;

	assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text), 0);
	copy = strndup((const char *)text.data, text.size);
	gnutls_free(text.data);
	return copy;
}

static char *text_of_certificate(gnutls_x509_privkey_t key, time_t begins, time_t ends)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t text;
	char *copy;

	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(crt, "\1", 1), 0);
	assert_int_equal(gnutls_x509_crt_set_dn(crt, "CN=edge", NULL), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(crt, begins), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, ends), 0);
	assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text), 0);
	copy = strndup((const char *)text.data, text.size);
	gnutls_free(text.data);
	gnutls_x509_crt_deinit(crt);
	return copy;
}

/* `why` and `hint` begin or are part of what is said; NULL: nothing is. */
static void pair_is(const char *certificate, mode_t certificate_mode, const char *key,
		    mode_t key_mode, int error, const char *why, const char *hint)
{
	autofree char *certificate_file = secret_file(certificate, certificate_mode);
	autofree char *key_file = secret_file(key, key_mode);
	cleanup(tls_free) struct tls_pair pair = { 0 };
	struct diags diags = { 0 };

	assert_int_equal(tls_read(certificate_file, key_file, &secret_someone, NOW, &pair, &diags),
			 error);
	unlink(certificate_file);
	unlink(key_file);
	assert_int_equal(diags.count, why != NULL);
	if (why && !(strstr(diags.list[0].why, why) && strstr(diags.list[0].hint, hint)))
		fail_msg("%s\n%s\nnot\n%s\n%s", diags.list[0].why, diags.list[0].hint, why, hint);
	if (!error) {
		assert_string_equal(pair.certificate, certificate);
		assert_string_equal(pair.key, key);
	} else {
		assert_null(pair.certificate);
		assert_null(pair.key);
	}
	diags_clear(&diags);
}

static gnutls_x509_privkey_t key, other_key;

static int make_keys(void **state)
{
	(void)state;
	key = make_key();
	other_key = make_key();
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	gnutls_x509_privkey_deinit(key);
	gnutls_x509_privkey_deinit(other_key);
	return 0;
}

static void pairs(void **state)
{
	autofree char *good = text_of_certificate(key, NOW - DAY, NOW + DAY);
	autofree char *other = text_of_certificate(other_key, NOW - DAY, NOW + DAY);
	autofree char *secret = text_of_key(key);
	autofree char *other_secret = text_of_key(other_key);
	autofree char *chain = text_print("%s%s", good, other);
	autofree char *wrong_chain = text_print("%s%s", other, good);

	(void)state;
	pair_is(good, 0644, secret, 0600, 0, NULL, NULL);
	pair_is(chain, 0644, secret, 0600, 0, NULL, NULL);
	pair_is(good, 0644, other_secret, 0600, -EINVAL, "is not the key of the certificate in",
		"the server's own");
	pair_is(wrong_chain, 0644, secret, 0600, -EINVAL, "is not the key of the certificate in",
		"the server's own");
	/* the wrong way round, with modes as they are for the right one; and one of them twice */
	pair_is(secret, 0600, good, 0644, -EINVAL, "holds a key and no certificate",
		"give the certificate to --tls-cert");
	pair_is(good, 0644, other, 0600, -EINVAL, "holds no key", "give the key to --tls-key");
	pair_is(good, 0644, good, 0644, -EINVAL, "holds no key", "give the key to --tls-key");
	/* neither */
	pair_is("x", 0644, secret, 0600, -EINVAL, "is no certificate in PEM", "openssl x509");
	pair_is("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", 0644, secret, 0600,
		-EINVAL, "is no certificate in PEM", "openssl x509");
	pair_is(good, 0644, "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n", 0600,
		-EINVAL, "cannot use", "openssl pkey");
	pair_is(good, 0644, secret, 0644, -EINVAL, "others may read or change", "chmod 600");
}

/* A certificate's file that has the key in it, too, as other servers want it, is a secret. */
static void both_in_one_file(void **state)
{
	autofree char *good = text_of_certificate(key, NOW - DAY, NOW + DAY);
	autofree char *secret = text_of_key(key);
	autofree char *both = text_print("%s%s", good, secret);
	autofree char *key_first = text_print("%s%s", secret, good);

	(void)state;
	pair_is(both, 0600, secret, 0600, 0, NULL, NULL);
	pair_is(both, 0600, both, 0600, 0, NULL, NULL);
	pair_is(key_first, 0640, secret, 0600, 0, NULL, NULL);
	pair_is(both, 0644, secret, 0600, -EINVAL, "others may read or change",
		"take the private key out of it");
	pair_is(key_first, 0604, secret, 0600, -EINVAL, "others may read or change", "chmod 600");
	pair_is(both, 0620, both, 0600, -EINVAL, "others may read or change", "chmod 600");
}

/* Nor may it be one that who serves may read. */
static void both_in_a_file_of_who_serves(void **state)
{
	autofree char *good = text_of_certificate(key, NOW - DAY, NOW + DAY);
	autofree char *secret = text_of_key(key);
	autofree char *both = text_print("%s%s", good, secret);
	autofree char *certificate_file = secret_file(both, 0640);
	autofree char *key_file = secret_file(secret, 0600);
	struct tls_pair pair = { 0 };
	struct diags diags = { 0 };

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(chown(certificate_file, 0, SECRET_SOMEONE), 0);
	assert_int_equal(tls_read(certificate_file, key_file, &secret_someone, NOW, &pair, &diags),
			 -EINVAL);
	unlink(certificate_file);
	unlink(key_file);
	assert_int_equal(diags.count, 1);
	assert_non_null(strstr(diags.list[0].why, "can be read by the user that the exporter"));
	assert_non_null(strstr(diags.list[0].hint, "chown root:root"));
	diags_clear(&diags);
}

static void times(void **state)
{
	autofree char *good = text_of_certificate(key, NOW - DAY, NOW + DAY);
	autofree char *last = text_of_certificate(key, NOW, NOW);
	autofree char *expired = text_of_certificate(key, NOW - 2 * DAY, NOW - 1);
	autofree char *early = text_of_certificate(key, NOW + 1, NOW + DAY);
	autofree char *chain = text_print("%s%s", good, expired);
	autofree char *secret = text_of_key(key);

	(void)state;
	pair_is(last, 0644, secret, 0600, 0, NULL, NULL);
	pair_is(expired, 0644, secret, 0600, 0, "expired on 2027-01-15 07:59:59 UTC", "date -u");
	pair_is(early, 0644, secret, 0600, 0, "is not valid before 2027-01-15 08:00:01 UTC",
		"date -u");
	pair_is(chain, 0644, secret, 0600, 0, "certificate 2 of", "get a new one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs),
		cmocka_unit_test(both_in_one_file),
		cmocka_unit_test(both_in_a_file_of_who_serves),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
