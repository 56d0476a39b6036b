#include "base/time/timestamp.h"

#include <string.h>
#include <time.h>

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const int64_t last_millis = 253402300799999; /* 9999-12-31T23:59:59.999Z */

static void put_digits(char *out, int count, int number)
{
    for (int i = count - 1; i >= 0; i--, number /= 10)
        out[i] = (char)('0' + number % 10);
}

/* Of a time that years 1970 to 9999 have: gmtime_r() would take a lock of the C library's, at every request.
 * Years begin in March here, so that the day that comes and goes is a year's last; 400 of them have 146,097
 * days. */
static struct tm broken_down(int64_t millis)
{
    int64_t seconds = millis / 1000;
    int64_t days = seconds / 86400;
    int64_t day = days + 719468; /* since 0000-03-01 */
    int64_t era = day / 146097;
    int64_t of_era = day % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * of_year + 2) / 153; /* from March, 0 */
    bool turned = month >= 10;               /* January and February are the next year's */
    return (struct tm){.tm_year = (int)(era * 400 + year_of_era + turned - 1900),
                       .tm_mon = (int)(turned ? month - 10 : month + 2),
                       .tm_mday = (int)(of_year - (153 * month + 2) / 5 + 1),
                       .tm_wday = (int)((days + 4) % 7),
                       .tm_hour = (int)(seconds / 3600 % 24),
                       .tm_min = (int)(seconds / 60 % 60),
                       .tm_sec = (int)(seconds % 60)};
}

static int64_t clamped(int64_t millis)
{
    return millis < 0 ? 0 : millis > last_millis ? last_millis : millis;
}

/* By hand: strftime() looks at the time zone's file at every call. */
void timestamp_format(int64_t millis, char out[TIMESTAMP_SIZE])
{
    millis = clamped(millis);
    struct tm tm = broken_down(millis);
    memcpy(out, "yyyy-mm-ddThh:mm:ss.mmmZ", TIMESTAMP_SIZE);
    put_digits(out, 4, tm.tm_year + 1900);
    put_digits(out + 5, 2, tm.tm_mon + 1);
    put_digits(out + 8, 2, tm.tm_mday);
    put_digits(out + 11, 2, tm.tm_hour);
    put_digits(out + 14, 2, tm.tm_min);
    put_digits(out + 17, 2, tm.tm_sec);
    put_digits(out + 20, 3, (int)(millis % 1000));
}

void timestamp_format_http(int64_t millis, char out[TIMESTAMP_HTTP_SIZE])
{
    struct tm tm = broken_down(clamped(millis));
    memcpy(out, "ddd, dd mmm yyyy hh:mm:ss GMT", TIMESTAMP_HTTP_SIZE);
    memcpy(out, day_names + (ptrdiff_t)tm.tm_wday * 3, 3);
    put_digits(out + 5, 2, tm.tm_mday);
    memcpy(out + 8, month_names + (ptrdiff_t)tm.tm_mon * 3, 3);
    put_digits(out + 12, 4, tm.tm_year + 1900);
    put_digits(out + 17, 2, tm.tm_hour);
    put_digits(out + 20, 2, tm.tm_min);
    put_digits(out + 23, 2, tm.tm_sec);
}

/* Exactly `count` digits, as a number; -1 otherwise. */
static int digits(const char **at, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        number = number * 10 + (**at - '0');
    }
    return number;
}

static bool literal(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

/* The other way round, without timegm()'s lock.  The 31st of February is a day of March here: what comes back
 * must be what went in. */
static bool to_seconds(const struct tm *given, int64_t *seconds)
{
    int64_t year = given->tm_year + 1900 - (given->tm_mon < 2);
    int64_t month = (given->tm_mon + 10) % 12; /* from March, 0 */
    int64_t days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + given->tm_mday - 1;
    *seconds = (days - 719468) * 86400 + given->tm_hour * 3600 + given->tm_min * 60 + given->tm_sec;
    struct tm tm = broken_down(*seconds * 1000);
    return tm.tm_year == given->tm_year && tm.tm_mon == given->tm_mon && tm.tm_mday == given->tm_mday;
}

static bool parse_date(const char **at, struct tm *tm)
{
    int year = digits(at, 4);
    bool good = literal(at, '-');
    int month = good ? digits(at, 2) : -1;
    good = good && literal(at, '-');
    int day = good ? digits(at, 2) : -1;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    return good && year >= 1970 && month >= 1 && day >= 1;
}

/* ".123": as many digits as there are, and at least one; or nothing. */
static bool parse_fraction(const char **at)
{
    if (!literal(at, '.'))
        return true;
    size_t count = strspn(*at, "0123456789");
    *at += count;
    return count > 0;
}

static bool parse_time(const char **at, struct tm *tm)
{
    tm->tm_hour = digits(at, 2);
    bool good = tm->tm_hour >= 0 && literal(at, ':');
    tm->tm_min = good ? digits(at, 2) : -1;
    good = good && literal(at, ':');
    tm->tm_sec = good ? digits(at, 2) : -1;
    good = good && parse_fraction(at);
    return good && tm->tm_hour <= 23 && tm->tm_min >= 0 && tm->tm_min <= 59 && tm->tm_sec >= 0 &&
           tm->tm_sec <= 59;
}

static bool parse_offset(const char **at, int *seconds)
{
    *seconds = 0;
    if (literal(at, 'Z') || literal(at, 'z'))
        return true;
    int sign = literal(at, '+') ? 1 : literal(at, '-') ? -1 : 0;
    int hours = sign != 0 ? digits(at, 2) : -1;
    bool good = hours >= 0 && hours <= 23 && literal(at, ':');
    int minutes = good ? digits(at, 2) : -1;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return good && minutes >= 0 && minutes <= 59;
}

bool timestamp_parse(const char *text, int64_t *seconds)
{
    struct tm tm = {0};
    int offset = 0;
    int64_t result;
    if (!parse_date(&text, &tm))
        return false;
    if (*text != '\0' && !((literal(&text, 'T') || literal(&text, 't')) && parse_time(&text, &tm) &&
                           parse_offset(&text, &offset)))
        return false;
    if (*text != '\0' || !to_seconds(&tm, &result))
        return false;
    *seconds = result - offset;
    return true;
}

/* Which of the names of three letters it is; -1 when it is none. */
static int index_of(const char *names, const char *name)
{
    for (int i = 0; names[i * 3] != '\0'; i++)
        if (strncmp(names + (ptrdiff_t)i * 3, name, 3) == 0)
            return i;
    return -1;
}

bool timestamp_parse_http(const char *text, int64_t *seconds)
{
    struct tm tm = {0};
    if (strlen(text) != sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1 || strncmp(text + 3, ", ", 2) != 0)
        return false;
    if (index_of(day_names, text) < 0)
        return false;
    tm.tm_mon = index_of(month_names, text + 8);
    const char *at = text + 5;
    tm.tm_mday = digits(&at, 2);
    at = text + 12;
    tm.tm_year = digits(&at, 4) - 1900;
    at = text + 17;
    int64_t result;
    if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || tm.tm_mon < 0 || tm.tm_mday < 1 ||
        tm.tm_year < 70 || !parse_time(&at, &tm) || strcmp(at, " GMT") != 0 || !to_seconds(&tm, &result))
        return false;
    *seconds = result;
    return true;
}
