using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Explanation;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.RoleMappingPages;

internal sealed class RoleMappingReader(MappingImpact impact, RoleMatches matches, ObservedRoles observedRoles)
{
    private const int MostRoles = 20;
    private const int MostClients = 50;

    public async Task<RoleMappingView> ViewAsync(PageContext page, MappingRule mapping) =>
        RoleMappingView.Create(mapping, page.Caller.Rules, (await matches.CompareAsync(page.Caller.Rules, page.Cancellation)).Matched);

    public static IReadOnlyList<string> Lacking(PageContext page, MappingRule mapping) =>
        page.GrantGuard.Lacking(page.Caller.Rules.FindGroup(mapping.GroupId)!);

    public static string Refusal(PageContext page, IReadOnlyList<string> lacking) => page.Caller.May(GroupPermissions.View)
        ? GrantGuard.Detail(lacking)
        : "Nobody grants or takes away what they do not hold. "
            + "What the group holds is for those who may look at groups: you lack group:view.";

    public async Task<IResult> FormAsync(PageContext page, MappingRule? replaced, FormInput input, int status)
    {
        var added = RoleMappingFields.Foresee(input, page.Caller.Rules);
        string[] clients = [.. (await observedRoles.ListAsync(page.Cancellation))
            .Select(observed => observed.Role.Client)
            .Where(client => client.Length > 0)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .Take(MostClients)];
        var preview = added is null
            ? new MappingPreviewView { Missing = Missing(input, page.Caller.Rules) }
            : await PreviewAsync(page, replaced, added);
        return page.Render<RoleMappingFormPage, RoleMappingFormView>(
            new RoleMappingFormView(replaced is null ? null : await ViewAsync(page, replaced), input, preview, clients), status);
    }

    public async Task<MappingPreviewView> PreviewAsync(PageContext page, MappingRule? removed, MappingRule? added)
    {
        var report = await impact.ComputeAsync(page.Caller.Rules, removed, added, page.Cancellation);
        var mayLook = page.Caller.May(AccessPermissions.View);
        return new MappingPreviewView
        {
            Roles = [.. report.Roles.Take(MostRoles).Select(role => role.ToString())],
            MoreRoles = Math.Max(0, report.Roles.Count - MostRoles),
            Nearest = report.Roles.Count == 0 && added?.Pattern is { IsExact: true } pattern
                ? await NearestAsync(pattern, page.Cancellation)
                : null,
            ShowsAccounts = mayLook,
            Accounts = !mayLook ? [] : [.. report.Effects.Select(effect => new MappingEffectView(
                effect.AccountId,
                effect.Username,
                effect.Joins?.Name,
                effect.Leaves?.Name,
                [.. effect.Gains.Select(permission => permission.ToString())],
                [.. effect.Loses.Select(permission => permission.ToString())]))],
            Changed = report.Changed,
            Unchanged = report.Unchanged,
            IsAll = report.IsAll,
        };
    }

    private static string Missing(FormInput input, AccessRules rules) => (input.Value("name"), rules.FindGroup(input.Value("group"))) switch
    {
        ({ Length: 0 }, _) => "Name a role or group of Keycloak.",
        (_, null) => "Name the local group that it leads into.",
        _ => "Something in the form is not right yet.",
    };

    private async Task<string?> NearestAsync(RolePattern pattern, CancellationToken cancellationToken) => NearestName.Find(
        pattern.Name,
        (await observedRoles.ListAsync(cancellationToken))
            .Select(observed => observed.Role)
            .Where(role => role.Kind == pattern.Kind && role.Client == pattern.Client)
            .Select(role => role.Name));
}
