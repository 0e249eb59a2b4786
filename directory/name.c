/* name.c -- see name.h. */
#include "directory/name.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum name_kind name_parse(const char *name, uint32_t *number)
{
    const size_t suffix = sizeof(NAME_SUFFIX) - 1;
    const size_t size = strnlen(name, NAME_SIZE);
    uint32_t value = 0;

    if (size < NAME_DIGITS + suffix || size >= NAME_SIZE || strcmp(name + size - suffix, NAME_SUFFIX) != 0)
        return NAME_FOREIGN;
    for (size_t i = 0; i < NAME_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9')
            return NAME_NUMBERLESS;
        value = value * 10 + (uint32_t)(name[i] - '0');
    }
    *number = value;
    return NAME_CHECKPOINT;
}

void name_format(char name[NAME_SIZE], uint32_t number, const char *label)
{
    assert(number <= NAME_NUMBER_MAX && strlen(label) <= NAME_LABEL_MAX);
    snprintf(name, NAME_SIZE, "%08" PRIu32 "%s" NAME_SUFFIX, number, label);
}

void name_label(char label[NAME_SIZE], const char *name)
{
    const size_t size = strlen(name) - NAME_DIGITS - (sizeof(NAME_SUFFIX) - 1);

    assert(size <= NAME_LABEL_MAX);
    memcpy(label, name + NAME_DIGITS, size);
    label[size] = '\0';
}
