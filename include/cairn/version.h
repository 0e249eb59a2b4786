/* version.h -- the version of the library, by semantic versioning. */
#ifndef CAIRN_VERSION_H
#define CAIRN_VERSION_H

#define CAIRN_VERSION_MAJOR 0
#define CAIRN_VERSION_MINOR 1
#define CAIRN_VERSION_PATCH 0
#define CAIRN_VERSION       "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the version of the library in use, "MAJOR.MINOR.PATCH"; compare it with CAIRN_VERSION, the
 * version compiled against. A static string. Safe in any thread at any time. */
const char *cairn_version(void);

#ifdef __cplusplus
}
#endif

#endif
