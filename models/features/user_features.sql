-- All feature families side by side: what models learn from and BI reads.
{%- set families = [
    'ftr_play_completion', 'ftr_play_time', 'ftr_event_frequency', 'ftr_recency',
    'ftr_profile', 'ftr_listening_rhythm', 'ftr_taste', 'ftr_visit_depth'
] %}
with snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

{% for family in families -%}
{{ family }} as (

    select * from {{ ref(family) }}

),

{% endfor -%}
final as (

    -- `using` leaves one pair of keys, so the star has nothing to qualify
    select *  -- noqa: RF02
    from snapshot_users
    {% for family in families %}
    left join {{ family }} using (snapshot_date, user_id)
    {% endfor %}

)

select * from final
