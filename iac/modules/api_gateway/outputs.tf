output "id" {
  description = "The API's id."
  value       = aws_apigatewayv2_api.api.id
}

output "stage" {
  description = "Name of its one stage."
  value       = aws_apigatewayv2_stage.stage.name
}

output "url" {
  description = "Where it answers, stage included, without a final slash."
  value       = "${aws_apigatewayv2_api.api.api_endpoint}/${aws_apigatewayv2_stage.stage.name}"
}
