using KeycloakAccess.Admin.Design;

namespace KeycloakAccess.Admin.HomePages;

/// <summary>What the home page shows.</summary>
/// <param name="Notices">What needs attention, the most urgent first.</param>
/// <param name="Checked">What was looked at for it: what the viewer may see.</param>
/// <param name="Decisions">Requests of the last two days that were allowed and refused, by the hour.</param>
/// <param name="SignIns">Sign-ins of the last month, by the day.</param>
/// <param name="Services">The services that called most today.</param>
public sealed record HomeView(
    IReadOnlyList<HomeNotice> Notices, IReadOnlyList<string> Checked, HomeChart? Decisions, HomeChart? SignIns, IReadOnlyList<RankItem>? Services);

/// <summary>Something that needs attention.</summary>
/// <param name="Kind"><c>bad</c>, <c>warn</c> or <c>good</c>.</param>
/// <param name="Title">What, in a few words.</param>
/// <param name="Text">What it means.</param>
/// <param name="Path">The place that mends it.</param>
/// <param name="Link">What is to be found there.</param>
public sealed record HomeNotice(string Kind, string Title, string Text, string Path, string Link);

/// <summary>A picture over time.</summary>
/// <param name="Labels">From left to right.</param>
/// <param name="Series">What is drawn.</param>
public sealed record HomeChart(IReadOnlyList<string> Labels, IReadOnlyList<ChartSeries> Series);
