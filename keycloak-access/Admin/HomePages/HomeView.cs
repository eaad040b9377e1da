using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;

namespace KeycloakAccess.Admin.HomePages;

public sealed record HomeView(
    IReadOnlyList<HomeNotice> Notices,
    IReadOnlyList<string> Checked,
    HomeChart? Decisions,
    HomeChart? SignIns,
    IReadOnlyList<RankItem>? Services)
{
    /// <summary>The models that the viewer works with.</summary>
    public IReadOnlyList<HomeModel> Models { get; init; } = [];

    /// <summary>What the viewer did last.</summary>
    public IReadOnlyList<ActivityView> Own { get; init; } = [];
}

public sealed record HomeModel(string Title, string Path, IReadOnlyList<string> Actions, bool MayAdd);

/// <summary>The kind is <c>bad</c>, <c>warn</c> or <c>good</c>; the path leads to the page to act on it.</summary>
public sealed record HomeNotice(string Kind, string Title, string Text, string Path, string Link);

public sealed record HomeChart(IReadOnlyList<string> Labels, IReadOnlyList<ChartSeries> Series);
