/* repro.c -- see repro.h. */
#include "torture/repro.h"

#include <stdlib.h>
#include <string.h>

#include "torture/memory.h"
#include "torture/store.h"

#define MAGIC 0x6f72706572727474u /* "ttrrepro" */

static void put_hashes(struct writer *writer, const struct hashes *hashes)
{
    store_number(writer, hashes->count);
    for (size_t i = 0; i < hashes->space; i++) {
        if (hashes->slots[i])
            store_number(writer, hashes->slots[i]);
    }
}

static void get_hashes(struct reader *reader, struct hashes *hashes)
{
    const uint64_t count = fetch_number(reader);

    for (uint64_t i = 0; i < count && !reader->failed; i++) {
        const uint64_t hash = fetch_number(reader);
        if (hash)
            hashes_add(hashes, hash);
    }
}

bool repro_save(const struct repro *repro, const char *path)
{
    const struct crash *crash = &repro->crash;
    struct writer writer;

    store_begin(&writer, path, MAGIC);
    store_number(&writer, repro->oracle);
    store_text(&writer, repro->check);
    put_hashes(&writer, &repro->expected.statuses);
    put_hashes(&writer, &repro->expected.known);
    put_hashes(&writer, &repro->expected.due);
    store_text(&writer, repro->fault);
    store_text(&writer, repro->note);
    store_number(&writer, repro->timeout_s);
    store_bytes(&writer, repro->acks, repro->acks_size);
    store_number(&writer, repro->verdict);
    store_number(&writer, (uint64_t)repro->number);
    store_number(&writer, crash->profile);
    store_number(&writer, crash->dropped);
    store_number(&writer, crash->at);
    store_number(&writer, crash->rot.kind);
    store_number(&writer, crash->rot.object);
    store_number(&writer, crash->rot.offset);
    store_number(&writer, crash->hash);
    store_number(&writer, crash->count);
    for (size_t i = 0; i < crash->count; i++) {
        store_number(&writer, crash->losses[i].op);
        store_number(&writer, crash->losses[i].kind);
        store_number(&writer, crash->losses[i].number);
        store_number(&writer, crash->losses[i].sectors);
    }
    trace_put(&writer, &repro->trace);
    return store_end(&writer);
}

static void get(struct reader *reader, struct repro *repro)
{
    struct crash *crash = &repro->crash;
    size_t space = 0;

    repro->oracle = (enum oracle_kind)fetch_bounded(reader, ORACLES - 1, "an oracle is none that is known");
    repro->check = fetch_text(reader);
    get_hashes(reader, &repro->expected.statuses);
    get_hashes(reader, &repro->expected.known);
    get_hashes(reader, &repro->expected.due);
    repro->fault = fetch_text(reader);
    repro->note = fetch_text(reader);
    repro->timeout_s = (unsigned)fetch_bounded(reader, 1000000, "a time is out of bounds");
    repro->acks = fetch_bytes(reader, &repro->acks_size);
    repro->verdict = (enum verdict)fetch_bounded(reader, CHECK_NOT_RUN, "a verdict is none");
    repro->number = (int)fetch_number(reader);
    crash->profile = (enum profile)fetch_bounded(reader, PROFILES - 1, "a profile is none that is known");
    crash->dropped = fetch_number(reader);
    crash->at = fetch_number(reader);
    crash->rot.kind =
        (enum rot_kind)fetch_bounded(reader, ROT_KINDS - 1, "a kind of rot is none that is known");
    crash->rot.object = (uint32_t)fetch_bounded(reader, UINT32_MAX, "an object is no number");
    crash->rot.offset = fetch_number(reader);
    crash->hash = fetch_number(reader);
    const uint64_t count = fetch_number(reader);
    for (uint64_t i = 0; i < count && !reader->failed; i++) {
        crash->losses = memory_grow(crash->losses, crash->count, &space, sizeof(*crash->losses));
        struct loss *loss = &crash->losses[crash->count++];
        loss->op = fetch_number(reader);
        loss->kind = (enum part_kind)fetch_bounded(reader, PART_BYTES, "a part is of no kind that is known");
        loss->number = (uint32_t)fetch_bounded(reader, UINT32_MAX, "a part has no number");
        loss->sectors =
            (uint8_t)fetch_bounded(reader, SECTORS_ALL, "a part has other sectors than a page has");
    }
    if (!reader->failed)
        trace_get(reader, &repro->trace);
}

bool repro_load(struct repro *repro, const char *path)
{
    struct reader reader;

    *repro = (struct repro){.check = NULL};
    if (fetch_begin(&reader, path, MAGIC, "this is no repro file"))
        get(&reader, repro);
    return fetch_end(&reader);
}

void repro_release(struct repro *repro)
{
    trace_release(&repro->trace);
    crash_release(&repro->crash);
    expected_release(&repro->expected);
    free(repro->check);
    free(repro->fault);
    free(repro->note);
    free(repro->acks);
    *repro = (struct repro){.check = NULL};
}

bool repro_is(const char *path)
{
    FILE *stream = fopen(path, "re");
    char magic[8] = "";
    const bool is = stream && fread(magic, 1, 8, stream) == 8 && memcmp(magic, "ttrrepro", 8) == 0;

    if (stream)
        fclose(stream);
    return is;
}
