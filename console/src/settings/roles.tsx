// What each role may do: permissions down, roles across; who has each.
import { useQuery } from "@tanstack/react-query";
import { get } from "../api/http";
import type { PersonList, RoleTable } from "../api/types";
import { Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { holders } from "./settings";

export function useRoles() {
  return useQuery({ queryKey: ["roles"], queryFn: ({ signal }) => get<RoleTable>("/v1/roles", {}, signal), staleTime: 300_000 });
}

export function usePeople() {
  return useQuery({ queryKey: ["people"], queryFn: ({ signal }) => get<PersonList>("/v1/people", {}, signal), refetchInterval: 30_000 });
}

export function Roles() {
  const { t, said, format } = useWords();
  const table = useRoles();
  const people = usePeople();
  if (table.isPending) return <Waiting />;
  if (table.error) return <Trouble error={table.error} retry={() => void table.refetch()} />;
  const { roles, permissions } = table.data;
  return (
    <>
      <div className="clip" tabIndex={0} role="region" aria-label={t("settings.part.roles")}>
        <table className="rows matrix">
          <thead>
            <tr>
              <th scope="col">{t("settings.permission")}</th>
              {roles.map((each) => (
                <th key={each.name} scope="col">
                  {said(each)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {permissions.map((permission) => {
              const some = roles.some((role) => role.permissions?.includes(permission.name));
              return (
                <tr key={permission.name} data-permission={permission.name}>
                  <th scope="row">
                    {said(permission)} <code className="quiet">{permission.name}</code>
                  </th>
                  {some ? (
                    roles.map((role) => {
                      const may = role.permissions?.includes(permission.name) ?? false;
                      return (
                        <td key={role.name} className={may ? "may" : ""}>
                          {may && <span aria-hidden="true">●</span>}
                          <span className="sr">{t(may ? "settings.may" : "settings.mayNot")}</span>
                        </td>
                      );
                    })
                  ) : (
                    <td colSpan={roles.length} className="quiet">
                      {t("settings.machinesOnly")}
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t("settings.holders")}</th>
              {roles.map((role) => {
                const some = holders(people.data?.people ?? [], role.name);
                return (
                  <td key={role.name} title={some.map((each) => each.name).join(t("common.comma"))}>
                    {format.number(some.length)}
                  </td>
                );
              })}
            </tr>
          </tfoot>
        </table>
      </div>
      <p className="quiet below">{t("settings.rolesNote")}</p>
    </>
  );
}
