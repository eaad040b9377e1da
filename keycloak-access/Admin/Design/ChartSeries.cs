namespace KeycloakAccess.Admin.Design;

/// <summary>One kind of thing that a chart shows.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Kind">Its colour: <c>good</c>, <c>bad</c> or <c>accent</c>. The table behind the chart says the same without colours.</param>
/// <param name="Values">A value for each label of the chart.</param>
public sealed record ChartSeries(string Name, string Kind, IReadOnlyList<long> Values);
