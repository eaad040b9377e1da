using KeycloakAccess.Admin.Design;

namespace KeycloakAccess.Admin.HomePages;

/// <summary>What the home page shows: what needs attention, what was looked at for that, and the charts that the viewer may see.</summary>
public sealed record HomeView(
    IReadOnlyList<HomeNotice> Notices, IReadOnlyList<string> Checked, HomeChart? Decisions, HomeChart? SignIns, IReadOnlyList<RankItem>? Services);

/// <summary>Something that needs attention (<c>bad</c>, <c>warn</c> or <c>good</c>), and the page to act on it.</summary>
public sealed record HomeNotice(string Kind, string Title, string Text, string Path, string Link);

/// <summary>A chart over time, from left to right.</summary>
public sealed record HomeChart(IReadOnlyList<string> Labels, IReadOnlyList<ChartSeries> Series);
