-- Mean of the hour means, least, greatest and total of the valid hours by outlet and factor, and by Beijing day where
-- asked for; the hour of the greatest mean (the first of equals), seconds since 1970 UTC.
SELECT
    hours.outlet AS outlet, hours.factor AS factor,
    CASE WHEN $by_day THEN (epoch_us(hours.start) + 28800000000) // 86400000000 END AS day,
    count(*) AS hours,
    count(hours.mean) FILTER (WHERE hours.code = 'N') AS valid,
    avg(hours.mean) FILTER (WHERE hours.code = 'N') AS mean,
    min(hours.mean) FILTER (WHERE hours.code = 'N') AS minimum,
    max(hours.mean) FILTER (WHERE hours.code = 'N') AS maximum,
    avg(hours.converted) FILTER (WHERE hours.code = 'N') AS converted,
    sum(hours.total) FILTER (WHERE hours.code = 'N') AS total,
    CAST(min(CASE WHEN hours.code = 'N' AND hours.mean = peak.mean THEN epoch_us(hours.start) // 1000000 END) AS BIGINT)
        AS maximum_at
FROM hours JOIN register ON register.outlet = hours.outlet
LEFT JOIN (
    SELECT
        outlet, factor,
        CASE WHEN $by_day THEN (epoch_us(start) + 28800000000) // 86400000000 ELSE 0 END AS day,
        max(mean) AS mean
    FROM hours
    WHERE "current" AND start >= $start AND start < $end AND outlet BETWEEN $first_outlet AND $last_outlet
        AND code = 'N'
    GROUP BY 1, 2, 3
) AS peak ON peak.outlet = hours.outlet AND peak.factor = hours.factor
    AND peak.day = CASE WHEN $by_day THEN (epoch_us(hours.start) + 28800000000) // 86400000000 ELSE 0 END
WHERE hours."current" AND hours.start >= $start AND hours.start < $end
    AND hours.outlet BETWEEN $first_outlet AND $last_outlet
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
