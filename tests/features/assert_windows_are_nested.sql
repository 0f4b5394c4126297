-- A longer window never holds less than a shorter one, and the thirds of the window
-- make up the whole.
with user_features as (

    select * from {{ ref('user_features') }}

)

select *
from user_features
where
    false
    {%- for event in ['plays', 'downloads', 'searches'] %}
    or {{ event }}_1d > {{ event }}_3d
    or {{ event }}_3d > {{ event }}_7d
    or {{ event }}_7d > {{ event }}_14d
    or {{ event }}_14d > {{ event }}_30d
    {%- endfor %}
    or plays_days_1_10 + plays_days_11_20 + plays_days_21_30 <> plays_30d
