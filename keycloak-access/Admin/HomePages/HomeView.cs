using KeycloakAccess.Admin.Design;

namespace KeycloakAccess.Admin.HomePages;

public sealed record HomeView(
    IReadOnlyList<HomeNotice> Notices,
    IReadOnlyList<string> Checked,
    HomeChart? Decisions,
    HomeChart? SignIns,
    IReadOnlyList<RankItem>? Services);

/// <summary>The kind is <c>bad</c>, <c>warn</c> or <c>good</c>; the path leads to the page to act on it.</summary>
public sealed record HomeNotice(string Kind, string Title, string Text, string Path, string Link);

public sealed record HomeChart(IReadOnlyList<string> Labels, IReadOnlyList<ChartSeries> Series);
