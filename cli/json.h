/* json.h -- JSON objects, one a line.
 *
 *     struct json json = json_begin(stdout);
 *     json_string(&json, "label", entry->label);
 *     json_number(&json, "size", entry->size);
 *     json_end(&json);
 *
 * What is printed is valid JSON and valid UTF-8 whatever the strings hold, and safe to show on a terminal:
 * control characters are escaped, and bytes that are no UTF-8 become U+FFFD. Errors are the stream's.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *stream;
    bool empty; /* no member yet */
};

struct json json_begin(FILE *stream);
void json_string(struct json *json, const char *name, const char *value);
void json_number(struct json *json, const char *name, uint64_t value);
void json_bool(struct json *json, const char *name, bool value);
void json_null(struct json *json, const char *name);
void json_end(struct json *json); /* ends the object and the line */

#endif
