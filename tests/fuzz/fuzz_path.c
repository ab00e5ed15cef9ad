/* Device paths and command topics. Three lines: a template and two paths. What
 * is rendered is a topic that may be published to, and where the template is
 * called unique, two paths never share one. */
#include "fuzz.h"

#include "ztp/gate.h"
#include "ztp/gate_protocol.h"

static bool read_path(struct ztp_path *path, const char *text)
{
	size_t i, n = strlen(text);

	if (ztp_path_parse(path, text, n, NULL) != 0)
		return false;
	MUST(n <= ZTP_PATH_MAX && path->whole.p == text && path->whole.n == n);
	MUST(ztp_id_valid(path->subscription.p, path->subscription.n));
	MUST(ztp_id_valid(path->registry.p, path->registry.n));
	MUST(ztp_id_valid(path->device.p, path->device.n));
	for (i = 0; i < n; i++)
		MUST(text[i] > ' ' && text[i] < 0x7f &&
		     !strchr("+#$", text[i]));
	return true;
}

static void render(char out[ZTP_TOPIC_MAX + 1], const char *template,
		   const struct ztp_path *path)
{
	size_t i, n = ztp_topic_render(out, template, path);

	MUST(n > 0 && n <= ZTP_TOPIC_MAX && strlen(out) == n && *out != '$');
	MUST(!ztp_gate_overlap(out, ZTP_MQTT_ALL));
	for (i = 0; i < n; i++)
		MUST((unsigned char)out[i] >= ' ' && !strchr("+#", out[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *template = fuzz_line(&data, &size);
	char *one = fuzz_line(&data, &size), *two = fuzz_line(&data, &size);
	char topic[ZTP_TOPIC_MAX + 1], other[ZTP_TOPIC_MAX + 1];
	struct ztp_path path, path2;
	bool have_one = read_path(&path, one);
	bool have_two = read_path(&path2, two);

	if (have_one && ztp_topic_check(template, NULL) == 0) {
		render(topic, template, &path);
		if (have_two)
			render(other, template, &path2);
		if (have_two && ztp_topic_unique(template))
			MUST((strcmp(topic, other) == 0) ==
			     (strcmp(one, two) == 0));
	}
	free(two);
	free(one);
	free(template);
	return 0;
}
