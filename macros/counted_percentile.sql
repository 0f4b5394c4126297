{#-
    The percentile of values of which it is known how often each occurs, per snapshot,
    as a query: snapshot_date, percentile. The number that `percentile_cont` finds over
    all rows, from as many rows as there are values. `counts` has a row per
    snapshot_date and seconds, with `plays`.
-#}
{% macro counted_percentile(counts, percentile) -%}
    select
        snapshot_date,
        min(seconds) filter (where plays_up_to > floor(position))
        + (
            min(seconds) filter (where plays_up_to > ceil(position))
            - min(seconds) filter (where plays_up_to > floor(position))
        )
        * (max(position) - floor(max(position))) as percentile
    from (
        select
            snapshot_date,
            seconds,
            sum(plays) over (
                partition by snapshot_date order by seconds
            ) as plays_up_to,
            -- counted from 0
            cast(sum(plays) over (partition by snapshot_date) - 1 as double)
            * cast({{ percentile }} as double) as position
        from {{ counts }}
    ) as placed
    group by snapshot_date
{%- endmacro %}
