"""The application as an AWS Lambda function behind an API Gateway HTTP API."""
