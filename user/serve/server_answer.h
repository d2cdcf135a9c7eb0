/* SPDX-License-Identifier: GPL-2.0-only */
/* From a request to an answer. */
#ifndef USER_SERVE_SERVER_ANSWER_H
#define USER_SERVE_SERVER_ANSWER_H

#include <microhttpd.h>

#include "user/serve/server_client.h"

/* MHD_AccessHandlerCallback; `data` is the server. */
enum MHD_Result server_answer(void *data, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **state);

#endif
