// SPDX-License-Identifier: GPL-2.0-only
/* By GnuTLS, which is the library that libmicrohttpd will give them to. */
#include "user/serve/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/serve/auth.h"

/* The certificates of a file, the server's own first. */
struct tls_chain {
	gnutls_x509_crt_t *list;
	unsigned int count;
};

static void tls_free_chain(struct tls_chain *chain)
{
	for (unsigned int i = 0; i < chain->count; i++)
		gnutls_x509_crt_deinit(chain->list[i]);
	gnutls_free(chain->list);
}

static void tls_free_credentials(gnutls_certificate_credentials_t *credentials)
{
	if (*credentials)
		gnutls_certificate_free_credentials(*credentials);
}

static gnutls_datum_t tls_datum(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)text, (unsigned int)strlen(text) };
}

static bool tls_has_certificate(const char *text)
{
	return strstr(text, "-----BEGIN CERTIFICATE") ||
	       strstr(text, "-----BEGIN X509 CERTIFICATE") ||
	       strstr(text, "-----BEGIN TRUSTED CERTIFICATE");
}

/* One of any kind: "-----BEGIN EC PRIVATE KEY-----". */
static bool tls_has_key(const char *text)
{
	return strstr(text, "PRIVATE KEY-----");
}

static int tls_refuse(struct diags *diags, const char *what, const char *file, const char *why,
		      const char *hint)
{
	diag_system(diags, 0, what, "%s %s", file, why);
	diag_hint(diags, "%s", hint);
	return -EINVAL;
}

/* Of a certificate that clients will not take. */
static void tls_warn(const char *file, unsigned int number, const char *what, time_t when,
		     struct diags *diags)
{
	struct tm parts;
	char date[sizeof("2026-11-24 02:00:00")] = "?";

	if (gmtime_r(&when, &parts))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &parts);
	diag_warning(diags, NULL, "--tls-cert",
		     "certificate %u of %s %s %s UTC: nobody will trust it", number, file, what,
		     date);
	diag_hint(diags, "get a new one, and see that the clock is right: date -u");
}

static void tls_check_times(const struct tls_chain *chain, const char *file, time_t now,
			    struct diags *diags)
{
	for (unsigned int i = 0; i < chain->count; i++) {
		const time_t begins = gnutls_x509_crt_get_activation_time(chain->list[i]);
		const time_t ends = gnutls_x509_crt_get_expiration_time(chain->list[i]);

		if (ends != (time_t)-1 && now > ends)
			tls_warn(file, i + 1, "expired on", ends, diags);
		else if (begins != (time_t)-1 && now < begins)
			tls_warn(file, i + 1, "is not valid before", begins, diags);
	}
}

static int tls_check_certificate(const char *text, const char *file, time_t now,
				 struct diags *diags)
{
	cleanup(tls_free_chain) struct tls_chain chain = { 0 };
	const gnutls_datum_t datum = tls_datum(text);
	int error = gnutls_x509_crt_list_import2(&chain.list, &chain.count, &datum,
						 GNUTLS_X509_FMT_PEM, 0);

	if (error < 0) {
		/* it leaves what it has freed */
		chain = (struct tls_chain){ 0 };
		diag_system(diags, 0, "--tls-cert", "%s is no certificate in PEM: %s", file,
			    gnutls_strerror(error));
		diag_hint(diags, "see what it is: openssl x509 -in %s -noout -text", file);
		return -EINVAL;
	}
	tls_check_times(&chain, file, now, diags);
	return 0;
}

static int tls_check_pair(const struct tls_pair *pair, const char *certificate, const char *key,
			  struct diags *diags)
{
	cleanup(tls_free_credentials) gnutls_certificate_credentials_t credentials = NULL;
	const gnutls_datum_t datum = tls_datum(pair->certificate);
	const gnutls_datum_t secret = tls_datum(pair->key);
	int error = gnutls_certificate_allocate_credentials(&credentials);

	if (!error)
		error = gnutls_certificate_set_x509_key_mem(credentials, &datum, &secret,
							    GNUTLS_X509_FMT_PEM);
	if (error >= 0)
		return 0;
	if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) {
		diag_system(diags, 0, "--tls-key", "%s is not the key of the certificate in %s",
			    key, certificate);
		diag_hint(diags, "the first certificate in the file is the server's own: its key "
				 "and no other's belongs to it");
		return -EINVAL;
	}
	diag_system(diags, 0, "--tls-key", "cannot use %s: %s", key, gnutls_strerror(error));
	diag_hint(diags, "PEM, without a password: openssl pkey -in %s -check -noout", key);
	return -EINVAL;
}

/* Before its mode: a certificate is for everybody to read; a stricter one mends nothing. */
static int tls_refuse_public(const char *key, struct diags *diags)
{
	struct tls_pair read = { .key = auth_read_public(key, "--tls-key", diags) };
	int error =
		!read.key ?
			-EINVAL :
		tls_has_key(read.key) ?
			0 :
			tls_refuse(diags, "--tls-key", key, "holds no key in PEM",
				   "give the key to --tls-key and the certificate to --tls-cert");

	tls_free(&read);
	return error;
}

/* With the key in it, as other servers want it, it is a secret like the key's own file. */
static int tls_read_certificate(const char *file, const struct drop_user *user, char **text,
				struct diags *diags)
{
	*text = auth_read_public(file, "--tls-cert", diags);
	if (!*text)
		return -EINVAL;
	if (!tls_has_key(*text))
		return 0;
	if (!tls_has_certificate(*text))
		return tls_refuse(diags, "--tls-cert", file, "holds a key and no certificate",
				  "give the certificate to --tls-cert and the key to --tls-key");
	auth_wipe(text);
	*text = auth_read_file(file, user, "--tls-cert", diags);
	if (*text)
		return 0;
	diag_hint(diags,
		  "take the private key out of it, or: chown root:root %s && chmod 600 %s; "
		  "if others could read it, make a new key",
		  file, file);
	return -EINVAL;
}

int tls_read(const char *certificate, const char *key, const struct drop_user *user, time_t now,
	     struct tls_pair *pair, struct diags *diags)
{
	cleanup(tls_free) struct tls_pair read = { 0 };
	int error = tls_read_certificate(certificate, user, &read.certificate, diags);

	if (error)
		return error;
	error = tls_check_certificate(read.certificate, certificate, now, diags);
	if (error)
		return error;
	error = tls_refuse_public(key, diags);
	if (error)
		return error;
	read.key = auth_read_file(key, user, "--tls-key", diags);
	if (!read.key)
		return -EINVAL;
	error = tls_check_pair(&read, certificate, key, diags);
	if (error)
		return error;
	*pair = read;
	read = (struct tls_pair){ 0 };
	return 0;
}

void tls_free(struct tls_pair *pair)
{
	/* it may have been the key, given the wrong way round */
	auth_wipe(&pair->certificate);
	auth_wipe(&pair->key);
	*pair = (struct tls_pair){ 0 };
}
