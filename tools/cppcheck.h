/* Included before each file when cppcheck looks at it: it does not know the __VA_OPT__ in base/log.h. */
#define HERALD_BASE_LOG_H
#define LOG(...) ((void)0)
