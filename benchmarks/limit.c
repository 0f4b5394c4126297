/*
 * The least that any program has to do with raw logs: read every line, find the fields that matter,
 * group by user. `limit.py` runs it, and says how much more a whole build costs.
 *
 *     limit FILE...     plain text; names end in _play.log, _down.log or _search.log
 *
 * Prints its sums as JSON. A line that does not have its event's number of fields, or no uid, is
 * passed over: repairing it is the warehouse's business.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLAY, DOWN, SEARCH, EVENTS };
enum { BANDS = 5, MOST_TABS = 8, TAB_BEFORE_PLAY_TIME = 5, TAB_BEFORE_SONG_LENGTH = 6 };

static const char *const ENDINGS[EVENTS] = {"_play.log", "_down.log", "_search.log"};
static const int TABS[EVENTS] = {8, 5, 3};
/* as in the warehouse's daily activity: no day holds more listening */
static const double SECONDS_PER_DAY = 86400;

struct user {
    uint64_t uid_plus_1; /* 0 marks a free place */
    uint64_t records[EVENTS];
    uint64_t bands[BANDS];
    double play_seconds;
};

/* Open addressing over a power of two of places, of which at most half are taken. */
static struct user *users;
static uint64_t places = 1 << 16, users_found;

static struct user *place_of(uint64_t uid_plus_1) {
    /* uids lie close together: the upper bits of the product spread them */
    uint64_t place = uid_plus_1 * 0x9E3779B97F4A7C15u >> 24 & (places - 1);
    while (users[place].uid_plus_1 != 0 && users[place].uid_plus_1 != uid_plus_1)
        place = (place + 1) & (places - 1);
    return &users[place];
}

static void allocate_places(void) {
    users = calloc(places, sizeof *users);
    if (!users) {
        fprintf(stderr, "limit: no memory for %" PRIu64 " places\n", places);
        exit(1);
    }
}

static void double_places(void) {
    struct user *old_users = users;
    uint64_t old_places = places;
    places *= 2;
    allocate_places();
    for (uint64_t place = 0; place < old_places; place++)
        if (old_users[place].uid_plus_1 != 0)
            *place_of(old_users[place].uid_plus_1) = old_users[place];
    free(old_users);
}

static struct user *find_user(uint64_t uid) {
    struct user *found = place_of(uid + 1);
    if (found->uid_plus_1 == 0) {
        if (++users_found > places / 2) {
            double_places();
            found = place_of(uid + 1);
        }
        found->uid_plus_1 = uid + 1;
    }
    return found;
}

/* The digits from `at` to `end`; false if there is anything else, or nothing. */
static int parse_whole(const char *at, const char *end, uint64_t *whole) {
    if (at == end || end - at > 18)
        return 0;
    for (*whole = 0; at < end; at++) {
        unsigned digit = (unsigned char)*at - '0';
        if (digit > 9)
            return 0;
        *whole = *whole * 10 + digit;
    }
    return 1;
}

/* A decimal number that is not negative; false for anything else, such as `nan`. */
static int parse_seconds(const char *at, const char *end, double *seconds) {
    const char *point = memchr(at, '.', (size_t)(end - at));
    uint64_t whole, decimals;
    if (!parse_whole(at, point ? point : end, &whole))
        return 0;
    *seconds = (double)whole;
    if (point) {
        if (!parse_whole(point + 1, end, &decimals))
            return 0;
        double unit = 1;
        while (++point < end)
            unit *= 10;
        *seconds += (double)decimals / unit;
    }
    return 1;
}

/* Add a line, whose tabs are known, to its user; false without a uid. */
static int count_record(const char *line, const char *const tabs[], int event) {
    uint64_t uid;
    double play_time, song_length;
    if (!parse_whole(line, tabs[0], &uid))
        return 0;
    struct user *user = find_user(uid);
    user->records[event]++;
    if (event != PLAY
        || !parse_seconds(tabs[TAB_BEFORE_PLAY_TIME] + 1, tabs[TAB_BEFORE_PLAY_TIME + 1],
                          &play_time)
        || play_time > SECONDS_PER_DAY)
        return 1;
    user->play_seconds += play_time;
    if (parse_seconds(tabs[TAB_BEFORE_SONG_LENGTH] + 1, tabs[TAB_BEFORE_SONG_LENGTH + 1],
                      &song_length)
        && song_length > 0) {
        double completion = play_time / song_length;
        user->bands[(completion >= .2) + (completion >= .4) + (completion >= .6)
                    + (completion >= .8)]++;
    }
    return 1;
}

/* Read one delivery; returns its lines and adds up those that are no record. */
static uint64_t read_lines(const char *line, const char *last, int event, uint64_t *passed_over) {
    const char *tabs[MOST_TABS] = {0};
    uint64_t lines = 0;
    while (line < last) {
        const char *end = memchr(line, '\n', (size_t)(last - line));
        if (!end)
            end = last;
        int found = 0;
        const char *at = line;
        while ((at = memchr(at, '\t', (size_t)(end - at)))) {
            if (found < MOST_TABS)
                tabs[found] = at;
            found++, at++;
        }
        lines++;
        *passed_over += found != TABS[event] || !count_record(line, tabs, event);
        line = end + 1;
    }
    return lines;
}

static int event_of(const char *path) {
    for (int event = 0; event < EVENTS; event++) {
        size_t length = strlen(path), ending = strlen(ENDINGS[event]);
        if (length >= ending && strcmp(path + length - ending, ENDINGS[event]) == 0)
            return event;
    }
    fprintf(stderr, "limit: %s does not end like a delivery\n", path);
    exit(1);
}

int main(int arguments, char **paths) {
    uint64_t lines = 0, passed_over = 0;
    allocate_places();
    for (int file = 1; file < arguments; file++) {
        int event = event_of(paths[file]), descriptor = open(paths[file], O_RDONLY);
        struct stat status;
        if (descriptor < 0 || fstat(descriptor, &status) != 0) {
            perror(paths[file]);
            return 1;
        }
        size_t size = (size_t)status.st_size;
        if (size > 0) { /* nothing cannot be mapped */
            char *content = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
            if (content == MAP_FAILED) {
                perror(paths[file]);
                return 1;
            }
            /* a byte-order mark is no part of the first uid */
            int has_mark = size >= 3 && memcmp(content, "\xEF\xBB\xBF", 3) == 0;
            lines += read_lines(content + 3 * has_mark, content + size, event, &passed_over);
            munmap(content, size);
        }
        close(descriptor);
    }

    struct user all = {0};
    for (uint64_t place = 0; place < places; place++) {
        for (int event = 0; event < EVENTS; event++)
            all.records[event] += users[place].records[event];
        for (int band = 0; band < BANDS; band++)
            all.bands[band] += users[place].bands[band];
        all.play_seconds += users[place].play_seconds;
    }
    printf("{\"lines\": %" PRIu64 ", \"passed_over\": %" PRIu64 ", \"users\": %" PRIu64, lines,
           passed_over, users_found);
    printf(", \"plays\": %" PRIu64 ", \"downloads\": %" PRIu64 ", \"searches\": %" PRIu64,
           all.records[PLAY], all.records[DOWN], all.records[SEARCH]);
    printf(", \"play_seconds\": %.3f, \"completed_plays\": %" PRIu64 ", \"band_plays\": [",
           all.play_seconds, all.bands[BANDS - 1]);
    for (int band = 0; band < BANDS; band++)
        printf("%s%" PRIu64, band ? ", " : "", all.bands[band]);
    printf("]}\n");
    return 0;
}
