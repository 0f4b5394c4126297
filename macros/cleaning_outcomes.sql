{#-
    What cleaning does to plays, as a query: which rule drops a play, or with which
    values it goes on. The rules stand in the order in which they are applied, each
    looking at what the last one left. `plays` are those of a snapshot's users, `limits`
    has the row of each snapshot of `int_cleaning_limits`.
-#}
{% macro cleaning_outcomes(plays, limits) -%}
    select
        snapshot_date,
        user_id,
        event_date,
        song_id,
        singer,
        play_seconds,
        song_seconds,
        filled_play_seconds,
        filled_song_seconds,
        case
            when song_seconds is null then 'song_length_missing'
            when song_seconds > song_seconds_cap then 'song_length_above_cap'
            -- there is no valid value to take a mean of
            when filled_song_seconds is null then 'song_length_not_fillable'
            when play_seconds > play_seconds_cap then 'play_time_above_cap'
            when filled_play_seconds is null then 'play_time_not_fillable'
        end as drop_reason
    from (
        select
            {{ plays }}.*,
            {{ limits }}.song_seconds_cap,
            {{ limits }}.play_seconds_cap,
            case
                when {{ plays }}.song_seconds > 0 then {{ plays }}.song_seconds
                when {{ plays }}.song_seconds <= 0 then {{ limits }}.song_seconds_mean
            end as filled_song_seconds,
            case
                when {{ is_valid_play_time(plays ~ '.play_seconds') }}
                    then {{ plays }}.play_seconds
                else {{ limits }}.play_seconds_mean
            end as filled_play_seconds
        from {{ plays }}
        inner join {{ limits }}
            on {{ plays }}.snapshot_date = {{ limits }}.snapshot_date
    ) as filled
{%- endmacro %}
