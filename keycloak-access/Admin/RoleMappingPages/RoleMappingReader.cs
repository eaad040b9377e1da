using KeycloakAccess.Explanation;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.RoleMappingPages;

/// <summary>Reads what the pages of mappings show.</summary>
internal sealed class RoleMappingReader(MappingImpact impact, RoleMatches matches, ObservedRoles observedRoles)
{
    private const int MostRoles = 20;
    private const int MostClients = 50;

    public async Task<RoleMappingView> ViewAsync(Caller caller, MappingRule mapping, CancellationToken cancellationToken) =>
        RoleMappingView.Of(mapping, caller.Rules, (await matches.OfAsync(caller.Rules, cancellationToken)).Matched);

    /// <returns>What the caller would have to hold to change the mapping.</returns>
    public static IReadOnlyList<string> Lacking(Caller caller, GrantGuard grantGuard, MappingRule mapping) =>
        grantGuard.Lacking(caller.Rules.FindGroup(mapping.GroupId)!);

    /// <returns>What is said to somebody who would have to hold these: which they are, to those who may look at groups.</returns>
    public static string Refusal(Caller caller, IReadOnlyList<string> lacking) => caller.May(GroupPermissions.View)
        ? GrantGuard.Detail(lacking)
        : "Nobody hands out or takes away what they do not hold. What the group holds is for those who may look at groups: you lack group:view.";

    /// <returns>The page of the form, with whom it would concern as it stands.</returns>
    public async Task<IResult> FormAsync(
        HttpContext context, Caller caller, MappingRule? replaced, FormInput input, int status, CancellationToken cancellationToken)
    {
        var added = RoleMappingForm.Foresee(input, caller.Rules);
        string[] clients = [.. (await observedRoles.ListAsync(cancellationToken))
            .Select(seen => seen.Role.Client)
            .Where(client => client.Length > 0)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .Take(MostClients)];
        return Pages.Of<RoleMappingFormPage, RoleMappingFormView>(
            context,
            caller,
            new RoleMappingFormView(
                replaced is null ? null : await ViewAsync(caller, replaced, cancellationToken),
                input,
                added is null ? MappingPreviewView.Nothing(Missing(input, caller.Rules)) : await PreviewAsync(caller, replaced, added, cancellationToken),
                clients),
            status);
    }

    /// <returns>Whom a change of a mapping concerns.</returns>
    public async Task<MappingPreviewView> PreviewAsync(Caller caller, MappingRule? removed, MappingRule? added, CancellationToken cancellationToken)
    {
        var report = await impact.OfAsync(caller.Rules, removed, added, cancellationToken);
        var mayLook = caller.May(AccessPermissions.View);
        return new MappingPreviewView(
            Missing: null,
            [.. report.Roles.Take(MostRoles).Select(role => role.ToString())],
            Math.Max(0, report.Roles.Count - MostRoles),
            report.Roles.Count == 0 && added?.Pattern is { IsExact: true } pattern ? await NearestAsync(pattern, cancellationToken) : null,
            mayLook,
            !mayLook ? [] : [.. report.Effects.Select(effect => new MappingEffectView(
                effect.AccountId,
                effect.Username,
                effect.Joins?.Name,
                effect.Leaves?.Name,
                [.. effect.Gains.Select(permission => permission.ToString())],
                [.. effect.Loses.Select(permission => permission.ToString())]))],
            report.Unchanged,
            report.IsAll);
    }

    private static string Missing(FormInput input, AccessRules rules) => (input.Value("name"), rules.FindGroup(input.Value("group"))) switch
    {
        ({ Length: 0 }, _) => "Name a role or group of Keycloak.",
        (_, null) => "Name the local group that it leads into.",
        _ => "Something in the form is not right yet.",
    };

    private async Task<string?> NearestAsync(RolePattern pattern, CancellationToken cancellationToken) => NearestName.Find(
        pattern.Name,
        (await observedRoles.ListAsync(cancellationToken)).Select(seen => seen.Role).Where(role => role.Kind == pattern.Kind && role.Client == pattern.Client).Select(role => role.Name));
}
