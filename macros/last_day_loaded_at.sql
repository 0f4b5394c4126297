{#-
    For `dbt source freshness`, from the names in the folder alone, so that it can be
    asked before a build: now if every usual delivery of the last day is there, else the
    last day itself, which is then stale.
-#}
{% macro last_day_loaded_at(files) -%}
    with names as (
        select regexp_extract(
            parse_filename(file),
            '{{ var("delivery_name_pattern") }}',
            ['day', 'part', 'event', 'suffix']
        ) as name
        from {{ files }}
    ),
    deliveries as (
        select
            name.event as event,
            name.part as part,
            cast(try_strptime(name.day, '%Y%m%d') as date) as event_date
        from names
        where name.event <> ''
    ),
    last_day as (
        select event, part from deliveries
        where event_date = (select max(event_date) from deliveries)
    ),
    absent as (
        select * from ({{ usual_parts('deliveries') }}) as usual
        except
        select * from last_day
    )
    select case
        when exists (select 1 from absent) then (select max(event_date) from deliveries)
        else current_timestamp
    end
{%- endmacro %}
