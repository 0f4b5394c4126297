{#-
    For `dbt source freshness`, from the names in the folder alone, so that it can be
    asked before a build: now if every usual delivery of the last day is there, else the
    last day itself, which is then stale. A part that has not come for longer than
    `stopped_event_days` is no longer waited for, unless a required event has nothing
    else.
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
    named as (
        select
            name.event as event,
            name.part as part,
            cast(try_strptime(name.day, '%Y%m%d') as date) as event_date
        from names
        where name.event <> ''
    ),
    days as (
        {{ judged_days('named') }}
    ),
    deliveries as (
        select named.*
        from named
        inner join days on named.event_date = days.event_date and not days.is_outlying
    ),
    expected_absences as (
        select * from read_csv(
            'seeds/expected_absences.csv',
            header = true, delim = ',', auto_detect = false,
            columns = {
                'delivery_pattern': 'varchar', 'first_date': 'date',
                'last_date': 'date', 'reason': 'varchar'
            }
        )
    ),
    last_day as (
        select event, part from deliveries
        where event_date = (select max(event_date) from deliveries)
    ),
    absent as (
        select * from ({{ usual_parts('deliveries') }}) as usual
        except
        select * from last_day
    ),
    late as (
        select 1
        from (
            select
                absent.*,
                (select max(event_date) from deliveries) as event_date,
                max(deliveries.event_date) as last_date
            from absent
            inner join deliveries using (event, part)
            group by absent.event, absent.part
        ) as absent
        where
            (
                {{ add_days('absent.last_date', var('stopped_event_days')) }}
                >= absent.event_date
                or absent.event in ('{{ var("required_events") | join("', '") }}')
                and absent.event not in (select event from last_day)
            )
            and not exists (
                select 1 from expected_absences
                where {{ is_expected_absence(
                    delivery_name('absent.event_date', 'absent.part', 'absent.event'),
                    'absent.event_date'
                ) }}
            )
    )
    select case
        when exists (select 1 from late) then (select max(event_date) from deliveries)
        else current_timestamp
    end
{%- endmacro %}
