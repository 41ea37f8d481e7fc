-- Hours to days: gas R-75-3.4 (arithmetic), water R-356-7.2 (weighted by volume); the rule of stats/days.py as SQL.
-- register(outlet, water): the outlets wanted. An hour that is not there is an invalid running hour.
-- A water factor other than pH, temperature and flow weighs by the volume of the hour, unless one is not known.
WITH flow AS (
    SELECT hours.outlet AS outlet, hours.start AS start, hours.total AS volume
    FROM hours JOIN register ON register.outlet = hours.outlet
    WHERE hours."current" AND hours.start >= $start AND hours.start < $end AND hours.factor = 'w00000'
        AND register.water
),
item AS (
    SELECT
        hours.outlet AS outlet, hours.factor AS factor, register.water AS water,
        (epoch_us(hours.start) + 28800000000) // 86400000000 AS day,
        hours.code AS code,
        CASE WHEN hours.code = 'N' THEN hours.mean END AS mean,
        CASE WHEN hours.code = 'N' AND hours.mean IS NOT NULL THEN hours.converted END AS converted,
        CASE WHEN hours.code = 'N' AND hours.mean IS NOT NULL THEN hours.total END AS total,
        CASE
            WHEN hours.code = 'N' AND hours.mean IS NOT NULL AND hours.factor NOT IN ('w01001', 'w01010', 'w00000')
            THEN flow.volume
        END AS volume
    FROM hours JOIN register ON register.outlet = hours.outlet
    LEFT JOIN flow ON flow.outlet = hours.outlet AND flow.start = hours.start
    WHERE hours."current" AND hours.start >= $start AND hours.start < $end
),
tallied AS (
    SELECT
        outlet, factor, water, day,
        count(mean) AS valid_hours,
        24 - count(*) FILTER (WHERE code = 'F') AS running_hours,
        sum(mean) AS mean_sum,
        min(mean) AS minimum, max(mean) AS maximum,
        count(converted) AS converted_hours, sum(converted) AS converted_sum,
        sum(total) AS total,
        count(volume) AS volumes, sum(volume) AS volume_sum, sum(mean * volume) AS weighted_sum
    FROM item
    GROUP BY 1, 2, 3, 4
)
SELECT
    outlet, factor, day, valid_hours, running_hours,
    CASE
        WHEN valid_hours = 0 THEN NULL
        WHEN NOT water AND valid_hours * 24 < $min_valid_hours * running_hours THEN NULL
        WHEN water AND valid_hours < $min_water_share * running_hours THEN NULL
        WHEN water AND volumes = valid_hours AND volume_sum > 0 THEN weighted_sum / volume_sum
        ELSE mean_sum / valid_hours
    END AS mean,
    CASE
        WHEN NOT water AND converted_hours > 0 AND converted_hours * 24 >= $min_valid_hours * running_hours
        THEN converted_sum / converted_hours
    END AS converted,
    total,
    running_hours < 24 AS partial,
    minimum, maximum
FROM tallied
ORDER BY 1, 2, 3
