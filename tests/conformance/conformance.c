/* conformance.c -- cairn-conformance: whether an implementation of the Operation interface is one.
 *
 * It opens places of its own under a directory, by the implementation's scheme, and holds what the calls do
 * against cairn/operation.h, method by method and error by error. An implementation that is not part of the
 * library comes as a shared object (--plugin) that is linked with libcairn, and that defines
 *
 *     const struct cairn_vtable *const cairn_plugin = &...;
 *
 * The output is TAP. Rules that an implementation may choose are named, as "# rule:". Exit status: 0 if all
 * holds, 1 if not, 2 for misuse.
 */
#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "contract.h"

static void usage(FILE *to)
{
    fputs("cairn-conformance [--plugin FILE.so] [--ids-once] SCHEME DIRECTORY\n"
          "\n"
          "Tests the implementation named SCHEME (journal, dir, or the plugin's) against the Operation\n"
          "interface, in new places under DIRECTORY, which is made and should be empty.\n"
          "\n"
          "  --plugin FILE.so  an implementation: it defines the pointer cairn_plugin to a struct "
          "cairn_vtable\n"
          "  --ids-once        an id must never come to mean another checkpoint\n"
          "  --help            this\n",
          to);
}

static int fail(const char *text, const char *what)
{
    fprintf(stderr, "cairn-conformance: %s%s%s\n", text, what ? ": " : "", what ? what : "");
    return 2;
}

static int load_plugin(const char *path)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL)
        return fail("cannot load the plugin", dlerror());
    const struct cairn_vtable *const *vtable = dlsym(object, "cairn_plugin");
    if (vtable == NULL || *vtable == NULL)
        return fail("the plugin does not define cairn_plugin", path);
    return cairn_register(*vtable) == 0 ? 0 : fail("the plugin cannot be registered", cairn_message());
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"plugin", required_argument, NULL, 'p'},
                                            {"ids-once", no_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct suite suite = {0};
    struct cairn_op *op;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'h') {
            usage(stdout);
            return 0;
        }
        if (option == 'o') {
            suite.ids_once = true;
        } else if (option != 'p') {
            usage(stderr);
            return 2;
        } else if (load_plugin(optarg) != 0) {
            return 2;
        }
    }
    if (argc - optind != 2) {
        usage(stderr);
        return 2;
    }
    suite.scheme = argv[optind];
    suite.place = argv[optind + 1];
    if (cairn_new(&op, suite.scheme) != 0)
        return fail("no such implementation", cairn_message());
    cairn_close(op);
    if (mkdir(suite.place, 0755) != 0 && errno != EEXIST)
        return fail(suite.place, strerror(errno));

    contract_life(&suite);
    contract_methods(&suite);
    contract_others(&suite);
    printf("1..%d\n# %s: %d tests, %d failed, %d skipped\n", suite.tests, suite.scheme, suite.tests,
           suite.failed, suite.skipped);
    return suite.failed ? 1 : 0;
}
