using System.Runtime.InteropServices;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Who may do everything: enabled accounts whose groups grant <c>*:*</c>, by the roles that Keycloak said last and their direct
/// memberships. A role that nobody enabled has shown so far leads nobody there.
/// </summary>
internal sealed class Superusers(SubjectStore subjects, PermissionCatalogue catalogue)
{
    /// <summary>
    /// The permissions left to the one of them whose groups deny the least, now and when memberships have ended that end by themselves; 0
    /// if there is none.
    /// </summary>
    public async Task<SuperuserMeasure> MeasureAsync(ChangeTransaction change, AccessRules rules)
    {
        var widest = default(SuperuserMeasure);
        await foreach (var subject in subjects.ListEnabledInAsync(change, rules, GroupsGranting(rules)))
        {
            var now = Measure(subject.Under(rules).Access);
            var lasting = subject.Groups.All(group => group.Until is null)
                ? now
                : Measure((subject with { Groups = [.. subject.Groups.Where(group => group.Until is null)] }).Under(rules).Access);
            widest = new SuperuserMeasure(Math.Max(widest.Now, now), Math.Max(widest.Lasting, lasting));
            if (Math.Min(widest.Now, widest.Lasting) > catalogue.Permissions.Count)
            {
                break;
            }
        }

        return widest;
    }

    public async Task<bool> IsThereOneAsync(AccessRules rules, CancellationToken cancellationToken)
    {
        await foreach (var subject in subjects.ListEnabledInAsync(rules, GroupsGranting(rules), cancellationToken))
        {
            if (Measure(subject.Under(rules).Access) > 0)
            {
                return true;
            }
        }

        return false;
    }

    private static GroupRule[] GroupsGranting(AccessRules rules) =>
        [.. rules.Groups.Where(group => group.Permissions.Any(granted => granted.Covers(Permission.Everything)))];

    // One more than the permissions that are left, so that somebody from whom another group takes them all is not nobody at all.
    private int Measure(EffectiveAccess access) =>
        !access.Grants(Permission.Everything) || access.Denies(Permission.Everything)
            ? 0
            : 1 + catalogue.Permissions.Count(permission => !access.Denies(permission));
}

[StructLayout(LayoutKind.Auto)]
internal readonly record struct SuperuserMeasure(int Now, int Lasting)
{
    public bool IsNobody => Now == 0 && Lasting == 0;

    public bool IsLessThan(SuperuserMeasure other) => Now < other.Now || Lasting < other.Lasting;
}
