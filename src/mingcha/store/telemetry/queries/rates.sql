-- Counts of hours for the rates, R-TR-1 to R-TR-4: summed by any of outlet, group, factor, Beijing day and
-- cause (core.causes, '' = valid).
-- register(outlet, grp): the outlets wanted; with every = true also those it does not name.
-- An hour without a first cut yet counts at the first cut as it is known now. day: days since 1970 on the Beijing clock.
-- Kinds of hours are counted first: there are few, and one count over the rows takes half the time of seven.
WITH kinds AS (
    SELECT
        outlet, factor,
        CASE WHEN $by_day THEN (epoch_us(start) + 28800000000) // 86400000000 END AS day,
        due, received, cause, "first" AS cut,
        count(*) AS hours
    FROM hours
    WHERE "current" AND start >= $start AND start < $end AND outlet BETWEEN $first_outlet AND $last_outlet
    GROUP BY 1, 2, 3, 4, 5, 6, 7
),
known AS (
    SELECT
        kinds.*,
        due AND received AS is_received,
        due AND received AND cause = '' AS is_valid,
        due AND (cut IN ('valid', 'received') OR (cut = '' AND received)) AS first_received,
        due AND (cut = 'valid' OR (cut = '' AND received AND cause = '')) AS first_valid
    FROM kinds
)
SELECT
    CASE WHEN $by_outlet THEN known.outlet END AS outlet,
    CASE WHEN $by_group THEN register.grp END AS grp,
    CASE WHEN $by_factor THEN known.factor END AS factor,
    known.day AS day,
    CASE WHEN $by_cause THEN known.cause END AS cause,
    CAST(sum(hours) AS BIGINT) AS hours,
    CAST(sum(CASE WHEN due THEN hours ELSE 0 END) AS BIGINT) AS due,
    CAST(sum(CASE WHEN is_received THEN hours ELSE 0 END) AS BIGINT) AS received,
    CAST(sum(CASE WHEN is_valid THEN hours ELSE 0 END) AS BIGINT) AS valid,
    CAST(sum(CASE WHEN first_received THEN hours ELSE 0 END) AS BIGINT) AS first_received,
    CAST(sum(CASE WHEN first_valid THEN hours ELSE 0 END) AS BIGINT) AS first_valid,
    CAST(sum(CASE WHEN due AND NOT received AND cause = 'own_downtime' THEN hours ELSE 0 END) AS BIGINT)
        AS own_downtime
FROM known LEFT JOIN register ON register.outlet = known.outlet
WHERE $every OR register.outlet IS NOT NULL
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
