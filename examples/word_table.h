/* word_table.h -- what a word is, and a hash table that counts words. Private to word_index.c.
 *
 * A word is [A-Za-z_][A-Za-z0-9_]*, in lower case, of at most WORD_SIZE_MAX bytes. The table keeps its words
 * in the order in which they came: an array of them, their texts one behind the other, and an open-addressed
 * table of 32-bit slots that point into the array. A word costs some fifty bytes.
 */
#ifndef WORD_TABLE_H
#define WORD_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SIZE_MAX 255u

#define WORD_HASH_BEGIN UINT64_C(0xcbf29ce484222325) /* FNV-1a */
#define WORD_HASH_PRIME UINT64_C(0x100000001b3)

struct word {
    uint64_t count;     /* the caller's, as are the next two; 0 to begin with */
    uint32_t files;     /* how many files it is in */
    uint32_t last_file; /* the last of them, from 1 */
    uint32_t text;      /* where in the table's text */
    uint32_t hash;
    uint8_t size; /* bytes of text */
};

/* Begins as all zeros. */
struct word_table {
    struct word *words;
    size_t room;         /* for so many words */
    uint32_t count;      /* of words */
    uint32_t slot_count; /* a power of two, at least twice `count` */
    uint32_t *slots;     /* a word's number from 1; 0 is free */
    char *text;
    size_t text_size;
    size_t text_room;
};

/* word_hash -- continues `hash`, or WORD_HASH_BEGIN, with some bytes. */
static inline uint64_t word_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * WORD_HASH_PRIME;
    return hash;
}

/* word_byte -- what a byte is within a word: itself in lower case, or 0 if it ends one. */
static inline char word_byte(uint8_t byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte - 'A' + 'a');
    bool in_word = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
    return in_word ? (char)byte : '\0';
}

/* word_begins -- whether word_byte()'s answer may begin a word. */
static inline bool word_begins(char byte)
{
    return byte != '\0' && !(byte >= '0' && byte <= '9');
}

static inline const char *word_text(const struct word_table *table, const struct word *word)
{
    return table->text + word->text;
}

/* word_table_resize -- gives the table `slot_count` slots and puts every word into its own. */
static inline bool word_table_resize(struct word_table *table, uint32_t slot_count)
{
    uint32_t *slots = calloc(slot_count, sizeof *slots);

    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t slot = table->words[i].hash & (slot_count - 1);
        while (slots[slot] != 0)
            slot = (slot + 1) & (slot_count - 1);
        slots[slot] = i + 1;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    return true;
}

/* word_table_reserve -- makes room for one word more, whatever its size. */
static inline bool word_table_reserve(struct word_table *table)
{
    if (table->count >= table->slot_count / 2) {
        if (table->slot_count > UINT32_MAX / 2)
            return false;
        if (!word_table_resize(table, table->slot_count == 0 ? 1u << 16 : table->slot_count * 2))
            return false;
    }
    if (table->count == table->room) {
        size_t room = table->room == 0 ? 1u << 15 : table->room * 2;
        struct word *words = reallocarray(table->words, room, sizeof *words);
        if (words == NULL)
            return false;
        table->words = words;
        table->room = room;
    }
    if (table->text_room - table->text_size < WORD_SIZE_MAX) {
        size_t room = table->text_room == 0 ? 1u << 19 : table->text_room * 2;
        char *text = room <= UINT32_MAX ? realloc(table->text, room) : NULL;
        if (text == NULL)
            return false;
        table->text = text;
        table->text_room = room;
    }
    return true;
}

/* word_table_get -- finds a word, or adds it. `hash` is word_hash() of its text. Returns NULL if there is
 * no memory for it, or if all texts together would pass 2 GiB; the table is as it was then. The pointer
 * holds until the next call. */
static inline struct word *word_table_get(struct word_table *table, const char *text, uint8_t size,
                                          uint64_t hash)
{
    uint32_t folded = (uint32_t)(hash ^ hash >> 32);

    if (!word_table_reserve(table))
        return NULL;
    uint32_t slot = folded & (table->slot_count - 1);
    for (; table->slots[slot] != 0; slot = (slot + 1) & (table->slot_count - 1)) {
        struct word *word = &table->words[table->slots[slot] - 1];
        if (word->hash == folded && word->size == size && memcmp(word_text(table, word), text, size) == 0)
            return word;
    }
    struct word *word = &table->words[table->count];
    *word = (struct word){.text = (uint32_t)table->text_size, .hash = folded, .size = size};
    memcpy(table->text + table->text_size, text, size);
    table->text_size += size;
    table->slots[slot] = ++table->count;
    return word;
}

static inline void word_table_free(struct word_table *table)
{
    free(table->words);
    free(table->slots);
    free(table->text);
    *table = (struct word_table){0};
}

#endif
