-- The newest hour of every outlet and factor. start_s: seconds since 1970 UTC.
SELECT
    outlet, factor, epoch_us(start) // 1000000 AS start_s, code, cause, mean, converted, "version" AS version
FROM (
    SELECT
        hours.*,
        row_number() OVER (PARTITION BY outlet, factor ORDER BY start DESC) AS place
    FROM hours
    WHERE "current" AND start >= $start AND start < $end AND outlet BETWEEN $first_outlet AND $last_outlet
) AS ranked
WHERE place = 1
ORDER BY 1, 2
