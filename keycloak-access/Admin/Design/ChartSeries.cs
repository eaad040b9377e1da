namespace KeycloakAccess.Admin.Design;

/// <summary>A value for each label of the chart; its kind is the colour, <c>good</c>, <c>bad</c> or <c>accent</c>.</summary>
public sealed record ChartSeries(string Name, string Kind, IReadOnlyList<long> Values);
