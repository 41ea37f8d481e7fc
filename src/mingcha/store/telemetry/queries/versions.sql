-- What was corrected: hours that have more than one version, and versions written later than late_us after the hour began.
SELECT
    outlet, factor,
    count(*) FILTER (WHERE "current") AS hours,
    count(*) FILTER (WHERE "current" AND "version" > 1) AS corrected,
    count(*) FILTER (WHERE NOT "current") AS superseded,
    count(*) FILTER (WHERE epoch_us("at") - epoch_us(start) > $late_us) AS late_versions,
    max("version") AS most_versions
FROM hours
WHERE start >= $start AND start < $end AND outlet BETWEEN $first_outlet AND $last_outlet
GROUP BY 1, 2
ORDER BY 1, 2
