/*
 * tests/unit/gate_commands.h - a message on $CONTROL/ztp/v1, written one command
 * after the other.
 */
#ifndef ZTP_TESTS_GATE_COMMANDS_H
#define ZTP_TESTS_GATE_COMMANDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct gate_commands {
	FILE *out; /* what a command has too much of can be written here */
	char *text;
	size_t len;
	int count;
};

static inline void gate_commands_begin(struct gate_commands *commands)
{
	*commands = (struct gate_commands){0};
	commands->out = open_memstream(&commands->text, &commands->len);
	assert_non_null(commands->out);
	assert_true(fputs("{\"commands\":[", commands->out) >= 0);
}

__attribute__((format(printf, 2, 3))) static inline void
gate_commands_add(struct gate_commands *commands, const char *format, ...)
{
	va_list args;

	if (commands->count++ > 0)
		assert_int_equal(fputc(',', commands->out), ',');
	va_start(args, format);
	assert_true(vfprintf(commands->out, format, args) > 0);
	va_end(args);
}

/* The caller frees it. */
static inline char *gate_commands_end(struct gate_commands *commands)
{
	assert_true(fputs("]}", commands->out) >= 0);
	assert_int_equal(fclose(commands->out), 0);
	return commands->text;
}

#endif
