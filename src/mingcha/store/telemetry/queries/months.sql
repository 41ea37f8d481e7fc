-- Days to months: gas R-75-3.4 (a number of valid days, fewer in February), water R-356-7.3 (a share of the days due).
-- register(outlet, water); calendar(day, month, february): every day of the months wanted, month = its first day,
-- all days since 1970 on the Beijing clock. The rule of stats/months.py as SQL.
WITH tallied AS (
    SELECT
        days.outlet AS outlet, days.factor AS factor, register.water AS water,
        calendar.month AS month, calendar.february AS february,
        count(days.mean) AS valid_days,
        count(*) FILTER (WHERE days.running_hours > 0) AS due_days,
        sum(days.mean) AS mean_sum,
        count(days.converted) AS converted_days, sum(days.converted) AS converted_sum,
        sum(days.total) AS total, min(days.mean) AS minimum, max(days.mean) AS maximum
    FROM days
    JOIN register ON register.outlet = days.outlet
    JOIN calendar ON calendar.day = (epoch_us(days.start) + 28800000000) // 86400000000
    WHERE days."current" AND days.start >= $start AND days.start < $end
    GROUP BY 1, 2, 3, 4, 5
),
measured AS (
    SELECT
        tallied.*,
        CASE
            WHEN water THEN greatest($min_water_month_share * due_days, 1.0)
            WHEN february THEN CAST($min_valid_days_february AS DOUBLE)
            ELSE CAST($min_valid_days AS DOUBLE)
        END AS least
    FROM tallied
)
SELECT
    outlet, factor, month, valid_days, due_days,
    CASE WHEN valid_days > 0 AND valid_days >= least THEN mean_sum / valid_days END AS mean,
    CASE WHEN converted_days > 0 AND converted_days >= least THEN converted_sum / converted_days END AS converted,
    total, minimum, maximum
FROM measured
ORDER BY 1, 2, 3
