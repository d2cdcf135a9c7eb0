// SPDX-License-Identifier: GPL-2.0-only
/* The real edgegate, as a user runs it. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/wire/agree.h"
#include "user/base/cleanup.h"
#include "user/report/gate.h"

#define ARGUMENTS_MAX 24u
extern char **environ;

struct command {
	char *arguments[ARGUMENTS_MAX];
	size_t count;
};

static void command_add(struct command *command, const char *argument)
{
	if (command->count + 1 >= ARGUMENTS_MAX)
		agree_fail("too many arguments");
	command->arguments[command->count++] = (char *)argument;
}

/* Runs it to its end, and gives what it said; freed by the caller. */
static char *command_run(const struct command *command)
{
	posix_spawn_file_actions_t actions;
	size_t size = 1 << 20, used = 0;
	char *said = calloc(1, size);
	int pipes[2], status;
	ssize_t got;
	pid_t pid;

	if (!said || pipe2(pipes, O_CLOEXEC) || posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1) ||
	    posix_spawn_file_actions_adddup2(&actions, pipes[1], 2) ||
	    posix_spawn(&pid, command->arguments[0], &actions, NULL, command->arguments, environ))
		agree_fail("cannot run %s", command->arguments[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	while ((got = read(pipes[0], said + used, size - 1 - used)) > 0)
		used += (size_t)got;
	close(pipes[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		agree_fail("%s %s failed: %s", command->arguments[0], command->arguments[3], said);
	return said;
}

static void command_begin(struct command *command, const char *edgegate, const struct ends *ends,
			  const char *verb)
{
	*command = (struct command){ 0 };
	command_add(command, edgegate);
	command_add(command, "--netns");
	command_add(command, ends->gate_netns);
	command_add(command, verb);
}

void command_apply(const char *edgegate, const struct ends *ends, char *const *more,
		   const char *file)
{
	char interface[64];
	struct command command;

	snprintf(interface, sizeof(interface), "%s%s", ends->gate, ends->inside ? ":inside" : "");
	command_begin(&command, edgegate, ends, "apply");
	command_add(&command, "-i");
	command_add(&command, interface);
	while (*more)
		command_add(&command, *more++);
	command_add(&command, file);
	free(command_run(&command));
}

/* A kind and a reason may have the same name: fragments. */
static enum outcome command_outcome(const char *label, enum outcome_class class)
{
	for (unsigned int i = OUTCOME_UNDECIDED + 1; i < OUTCOME_COUNT; i++)
		if (report_outcome_class((enum outcome)i) == class &&
		    strcmp(label, report_outcome_label((enum outcome)i)) == 0)
			return (enum outcome)i;
	agree_fail("explain knows an outcome '%s'", label);
}

void command_explain(const char *edgegate, const struct ends *ends, const struct wire_frame *frame,
		     struct ending *ending)
{
	static char packet[16 + 2 * WIRE_FRAME_MAX];
	struct command command;
	const char *rule = NULL, *path = NULL, *kind = NULL, *reason = NULL;
	autofree char *said = NULL;
	size_t at;
	json_t *root;

	at = (size_t)snprintf(packet, sizeof(packet), "%s hex ",
			      frame->direction == DIRECTION_IN ? "in" : "out");
	for (uint32_t i = 0; i < frame->length; i++, at += 2)
		snprintf(packet + at, sizeof(packet) - at, "%02x", frame->bytes[i]);
	command_begin(&command, edgegate, ends, "explain");
	command_add(&command, "-i");
	command_add(&command, ends->gate);
	command_add(&command, "--json");
	command_add(&command, packet);
	said = command_run(&command);
	root = json_loads(said, 0, NULL);
	if (json_unpack(root, "{s?s, s?s, s?s, s?s}", "rule", &rule, "path", &path, "kind", &kind,
			"reason", &reason) ||
	    !(rule ? path :
	      kind ? kind :
		     reason))
		agree_fail("explain said: %s", said);
	*ending = (struct ending){ .outcome = OUTCOME_RULE };
	if (kind)
		ending->outcome = command_outcome(kind, OUTCOME_CLASS_PASS);
	else if (reason)
		ending->outcome = command_outcome(reason, OUTCOME_CLASS_DROP);
	else if (strcmp(path, "reply") == 0)
		ending->outcome = OUTCOME_REPLY;
	snprintf(ending->rule, sizeof(ending->rule), "%s", rule ? rule : "");
	json_decref(root);
}
