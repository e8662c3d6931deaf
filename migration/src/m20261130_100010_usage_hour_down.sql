DROP TABLE usage_hour;
