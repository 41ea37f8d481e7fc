-- Hours of one outlet that are not valid, newest first: which, why, and what was known at the first cut.
-- factor and cause: '' = all. "version": how many there are.
SELECT
    factor, epoch_us(start) // 1000000 AS start_s, code, cause, due, received, valid_minutes,
    "first" AS first_edition, "version" AS version, epoch_us("at") AS at_us
FROM hours
WHERE "current" AND start >= $start AND start < $end AND outlet = $outlet AND cause <> ''
    AND ($factor = '' OR factor = $factor) AND ($cause = '' OR cause = $cause)
ORDER BY 2 DESC, 1
LIMIT 10000
