{#-
    The days of a relation with `event_date`, each with whether its date is outlying: it
    lies in a block of days that is far from every other one and much shorter than the
    longest. A file dated 1970 is such a block; a pause of the service is none.
-#}
{% macro judged_days(days) -%}
    select
        event_date,
        block_days
        <= {{ var('outlying_day_share') }} * max(block_days) over () as is_outlying
    from (
        select
            event_date,
            count(*) over (partition by block) as block_days
        from (
            select
                event_date,
                sum(begins_block) over (order by event_date asc) as block
            from (
                select
                    event_date,
                    case
                        when
                            {{ days_between(
                                'lag(event_date) over (order by event_date asc)',
                                'event_date'
                            ) }} <= {{ var('outlying_gap_days') }}
                            then 0
                        else 1
                    end as begins_block
                from (select distinct event_date from {{ days }}) as dates
            ) as gaps
        ) as blocks
    ) as lengths
{%- endmacro %}
